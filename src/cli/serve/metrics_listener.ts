import { type Clock, sleep } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { handlesRetryMs } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { addressOf, addressToListen, type HostPort } from "../../base/names/host_port.ts";

/** Where to listen, and what answers. */
interface MetricsListenerOptions extends HostPort {
  readonly answer: (request: Request) => Response | Promise<Response>;
  readonly clock: Clock;
  readonly log: Logger;
}

type Server = Deno.HttpServer<Deno.NetAddr>;

/**
 * Listens for HTTP. When the process has no file handle left the runtime stops listening, with an
 * error that would end the process. Then all its connections are closed, which may be what took the
 * handles, and it listens again.
 */
export class MetricsListener {
  readonly #options: MetricsListenerOptions;
  readonly #port: number;
  readonly #closing = new AbortController();
  /** Whether the log tells already that it could not listen. */
  #isTold = false;

  /** Begins to listen. Throws if it cannot. */
  constructor(options: MetricsListenerOptions) {
    this.#options = options;
    const ending = new AbortController();
    const server = this.#serve(options.port, ending);
    this.#port = server.addr.port;
    this.address = addressOf({ host: server.addr.hostname, port: this.#port });
    void this.#keep(server, ending);
  }

  /** `host:port` */
  readonly address: string;

  /** Closes at once, also requests under way. */
  close(): void {
    this.#closing.abort();
  }

  #serve(port: number, ending: AbortController): Server {
    const { host, answer, log } = this.#options;
    return Deno.serve({
      hostname: addressToListen(host),
      port,
      signal: AbortSignal.any([ending.signal, this.#closing.signal]),
      onListen() {},
      onError(error) {
        log.warn("Cannot answer who asks for metrics", { reason: messageOf(error) });
        return new Response("failed\n", { status: 500 });
      },
    }, (request) => {
      this.#isTold = false;
      return answer(request);
    });
  }

  /** Listens again whenever the runtime has stopped listening. */
  async #keep(first: Server, firstEnding: AbortController): Promise<void> {
    const { clock } = this.#options;
    for (let server: Server | undefined = first, ending = firstEnding;;) {
      try {
        await server?.finished;
        if (server !== undefined) return;
      } catch (error) {
        this.#failed(error);
        ending.abort();
      }
      await sleep(clock, handlesRetryMs);
      if (this.#closing.signal.aborted) return;
      try {
        ending = new AbortController();
        server = this.#serve(this.#port, ending);
      } catch {
        // The handles are not free yet.
        server = undefined;
      }
    }
  }

  #failed(error: unknown): void {
    if (this.#isTold || this.#closing.signal.aborted) return;
    this.#isTold = true;
    const reason = messageOf(error);
    this.#options.log.warn("Cannot take connections for metrics: closing those there are", {
      reason,
    });
  }
}
