import { BriefPeers } from "../../../base/bounds/brief_peers.ts";
import { type Clock, sleep } from "../../../base/clock.ts";
import { isOutOfHandles, messageOf } from "../../../base/errors.ts";
import type { Logger } from "../../../base/log.ts";
import { addressOf, addressToListen, type HostPort } from "../../../base/names/host_port.ts";
import { giveWay } from "../../../base/system/give_way.ts";
import { acceptRetryMs, isLostConnection } from "../../../base/system/lost_connection.ts";
import { metricsPeersMax, metricsPeerTimeoutMs } from "../../limits.ts";
import { encodeAnswer, type HttpAnswer, readRequest } from "./brief_http.ts";

/** Where to listen, and what answers. */
interface MetricsListenerOptions extends HostPort {
  readonly answer: (url: URL) => HttpAnswer | Promise<HttpAnswer>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Listens for HTTP and answers one request on each connection. The runtime's own server would keep
 * as many connections as anybody makes, for as long as they like, and each takes memory and one of
 * the handles that callers need.
 */
export class MetricsListener {
  readonly #options: MetricsListenerOptions;
  readonly #listener: Deno.TcpListener;
  readonly #peers: BriefPeers;
  #isClosed = false;

  /** Begins to listen. Throws if it cannot. */
  constructor(options: MetricsListenerOptions) {
    const { host, port, clock } = options;
    this.#options = options;
    this.#peers = new BriefPeers({ max: metricsPeersMax, timeoutMs: metricsPeerTimeoutMs, clock });
    this.#listener = Deno.listen({ hostname: addressToListen(host), port });
    const { hostname, port: own } = this.#listener.addr;
    this.address = addressOf({ host: hostname, port: own });
    void this.#accept();
  }

  /** `host:port` */
  readonly address: string;

  /** Closes at once, also requests under way. */
  close(): void {
    this.#isClosed = true;
    this.#listener.close();
    this.#peers.closeAll();
  }

  async #accept(): Promise<void> {
    const { clock, log } = this.#options;
    let isFailing = false;
    while (!this.#isClosed) {
      try {
        const peer = await this.#listener.accept();
        // It was on its way as the listener was closed: nobody would close it any more.
        if (this.#isClosed) return peer.close();
        isFailing = false;
        this.#peers.add(peer);
        void this.#serve(peer);
        // Those who have come are read from before the next one is taken.
        await new Promise<void>(giveWay);
      } catch (error) {
        if (this.#isClosed) return;
        if (isLostConnection(error)) continue;
        const reason = messageOf(error);
        if (!isFailing) log.warn("Cannot take connections for metrics", { reason });
        isFailing = true;
        // They may have the handles that are missing.
        if (isOutOfHandles(error)) this.#peers.closeAll();
        await sleep(clock, acceptRetryMs);
      }
    }
  }

  async #serve(peer: Deno.TcpConn): Promise<void> {
    try {
      const request = await readRequest(peer, this.address);
      const answer = encodeAnswer(await this.#answerTo(request), request?.method);
      for (let at = 0; at < answer.length;) at += await peer.write(answer.subarray(at));
      await peer.closeWrite();
      // What it still sends must be read: otherwise closing would take back the answer.
      const buffer = new Uint8Array(4_096);
      while (await peer.read(buffer) !== null);
    } catch {
      // It has gone, or its time is over.
    }
    this.#peers.close(peer);
  }

  async #answerTo(request: Awaited<ReturnType<typeof readRequest>>): Promise<HttpAnswer> {
    if (request === undefined) return { status: 400, body: "this is no request\n" };
    const { method, url } = request;
    if (method !== "GET" && method !== "HEAD") return { status: 405, body: "send GET\n" };
    try {
      return await this.#options.answer(url);
    } catch (error) {
      this.#options.log.warn("Cannot answer who asks for metrics", { reason: messageOf(error) });
      return { status: 500, body: "failed\n" };
    }
  }
}
