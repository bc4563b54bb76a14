import type { Clock, Timer } from "../base/clock.ts";
import { CommandError } from "../base/command_error.ts";
import type { Logger } from "../base/log.ts";
import { addressOf, type HostPort } from "../base/names/host_port.ts";
import { listenProblem } from "../base/system/listen_problem.ts";
import { boundOfGateway } from "../wire/message_bound.ts";
import type { Client } from "../client/client.ts";
import type { Transport } from "../client/transport.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { Agents } from "./agents/agents.ts";
import { Calls } from "./calls/calls.ts";
import { Catalogue } from "./calls/catalogue.ts";
import { Live } from "./calls/live.ts";
import { Servers } from "./calls/servers.ts";
import { Access } from "./door/access.ts";
import { Answers } from "./door/answers.ts";
import { BodyReader } from "./door/body.ts";
import { HttpListener } from "./door/listener.ts";
import type { TlsFiles } from "./door/tls_files.ts";
import { gatewayDrainMs, gatewayGraceMs } from "./limits.ts";
import { Routes } from "./routes.ts";

/** Options of a gateway. */
interface GatewayOptions {
  readonly listen: HostPort;
  /** A client with `exactNumbers`, so that numbers pass through unchanged. */
  readonly client: Client;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly service: string;
  /** The token that callers need; `undefined`: none. */
  readonly token: string | undefined;
  /** Further host names that requests may be addressed to. */
  readonly allowHosts: readonly string[];
  /** Pages of other origins that may call. */
  readonly allowOrigins: readonly string[];
  /**
   * Where a proxy takes requests for it, without a slash at its end.
   *
   * @default the address that each request names
   */
  readonly publicUrl?: string | undefined;
  readonly tls: TlsFiles | undefined;
  /** Whether it makes no calls. */
  readonly readOnly: boolean;
  /** Longest message that it takes and sends, as its client does, in bytes. @default 4 MiB */
  readonly messageMax?: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** HTTP in front of a service, for programs that have only HTTP. */
export class Gateway {
  readonly #listener: HttpListener;
  readonly #routes: Routes;
  readonly #calls: Calls;
  readonly #agents: Agents;
  readonly #ended: AbortController;
  readonly #options: GatewayOptions;

  private constructor(
    listener: HttpListener,
    routes: Routes,
    calls: Calls,
    agents: Agents,
    ended: AbortController,
    options: GatewayOptions,
  ) {
    this.#listener = listener;
    this.#routes = routes;
    this.#calls = calls;
    this.#agents = agents;
    this.#ended = ended;
    this.#options = options;
  }

  /** Begins to listen. @throws {CommandError} it cannot */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const { client, clock, log, listen, tls, token } = options;
    const ended = new AbortController();
    const catalogue = new Catalogue({ ...options, signal: ended.signal });
    const calls = new Calls(client, catalogue, options.readOnly);
    const bound = boundOfGateway(options.messageMax);
    const bodies = new BodyReader(clock, bound);
    const answers = new Answers(clock, bound);
    const agents = new Agents({
      ...{ calls, catalogue, bodies, answers, clock, ended: ended.signal },
    });
    const routes = new Routes({
      access: new Access({
        token,
        hosts: [listen.host, ...options.allowHosts],
        origins: options.allowOrigins,
        secure: tls !== undefined,
        publicUrl: options.publicUrl,
      }),
      agents,
      bodies,
      answers,
      bound,
      calls,
      catalogue,
      live: new Live(
        new Servers({ ...options, catalogue, signal: ended.signal }),
        clock,
        ended.signal,
      ),
      clientStats: () => client.stats,
      publicUrl: options.publicUrl,
      isReady: () => !ended.signal.aborted && client.stats.connected > 0,
      clock,
      log,
    });
    const answer = routes.answer.bind(routes);
    const messageBytesMax = bound.bytes;
    try {
      return new Gateway(
        await HttpListener.open({ ...listen, tls, answer, messageBytesMax, clock, log }),
        routes,
        calls,
        agents,
        ended,
        options,
      );
    } catch (error) {
      if (error instanceof CommandError) throw error;
      const reason = listenProblem(error, listen);
      throw new CommandError(`Cannot listen on ${addressOf(listen)}: ${reason}`);
    }
  }

  /** A server has come, gone or described itself anew, as its client tells. */
  serverChanged(): void {
    this.#agents.serverChanged();
  }

  /** Where it is reached: `http://127.0.0.1:8080/`. */
  get url(): string {
    return this.#listener.url;
  }

  /**
   * Takes no more calls, and finishes those under way. Calls that take too long are cancelled, and
   * their callers are told.
   *
   * @param hurry cancels them now when it aborts
   */
  async close(hurry?: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const gone = Promise.withResolvers<void>();
    let last: Timer | undefined;
    const end = () => {
      late.cancel();
      this.#calls.end();
      last ??= clock.after(gatewayGraceMs, gone.resolve);
    };
    const late = clock.after(gatewayDrainMs, end);
    hurry?.addEventListener("abort", end, { once: true });
    this.#ended.abort();
    // WebSockets first, since the runtime closes them with the port.
    const ended = this.#routes.drain().then(() => this.#listener.close());
    await Promise.race([ended, gone.promise]);
    hurry?.removeEventListener("abort", end);
    late.cancel();
    last?.cancel();
  }
}
