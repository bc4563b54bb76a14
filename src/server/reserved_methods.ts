import type { Clock } from "../base/clock.ts";
import { statsPeriodMs } from "./limits.ts";
import {
  cancelledId,
  moreParams,
  saidLoad,
  saidMessageMax,
} from "../wire/requests/request_checks.ts";
import { isObject } from "../base/values/members.ts";
import type { Request } from "../wire/message.ts";
import { reservedMethods } from "../wire/reserved.ts";
import type { Stats } from "../wire/reports/stats.ts";
import type { TaskHandle } from "../workers/pool/task.ts";
import type { MethodTable } from "./method_table.ts";
import type { ToldLoads } from "./told_loads.ts";
import type { Peer, Reply } from "./reply.ts";
import { withoutOthersParams } from "./tap/without_params.ts";

/** What {@link ReservedMethods} need. */
export interface ReservedMethodsOptions {
  readonly clock: Clock;
  /**
   * Changes this server's share as `rpc.override` asks, and resolves with the override.
   * @default it cannot do that
   *
   * @throws {RpcError} why it did not
   */
  readonly override?: ((params: Request["params"]) => Promise<unknown>) | undefined;
  /** Answers `rpc.tap`, until a deadline. @default there is no such method */
  readonly tap?:
    | ((
      request: Request,
      reply: Reply,
      deadlineAtMs: number,
      peer: Peer,
    ) => TaskHandle | undefined)
    | undefined;
}

/** The server, as its reserved methods need it. */
interface Server {
  /** The answer to `rpc.stats`. */
  stats(): Stats;
  /** The number of its connections. */
  connections(): number;
  readonly loads: ToldLoads;
  /** The deadline of a request, on the clock's scale. */
  deadlineOf(request: Request): number;
}

/** Answers the protocol's own methods, and refuses unknown names. */
export class ReservedMethods {
  readonly #methods: MethodTable;
  readonly #options: ReservedMethodsOptions;
  readonly #server: Server;
  #statsJson = "";
  #statsAtMs = -Infinity;

  constructor(methods: MethodTable, options: ReservedMethodsOptions, server: Server) {
    this.#methods = methods;
    this.#options = options;
    this.#server = server;
  }

  /** As {@link Dispatcher.dispatch} does. */
  answer(request: Request, reply: Reply, peer: Peer): TaskHandle | undefined {
    const { method, params } = request;
    const { override, tap } = this.#options;
    if (method === reservedMethods.tap && tap !== undefined) {
      // Who reads a server sees no parameters of procedures that are for others.
      const isOpen = (name: string) => this.#methods.isOpenTo(peer.name, name);
      const shown = withoutOthersParams(reply, isOpen);
      return tap(request, shown, this.#server.deadlineOf(request), peer);
    }
    if (method === reservedMethods.override && override !== undefined) {
      override(params).then((result) => reply.succeed(result), (error) => reply.fail(error));
      return { cancel() {}, more() {} };
    }
    this.#answerAtOnce(method, params, reply, peer);
    return undefined;
  }

  #answerAtOnce(method: string, params: Request["params"], reply: Reply, peer: Peer): void {
    switch (method) {
      case reservedMethods.ping:
        return reply.succeed(asksConnections(params) ? this.#clientsOf(params, peer) : "pong");
      case reservedMethods.discover: {
        peer.takes(saidMessageMax(params));
        return reply.succeedWithJson(this.#methods.document);
      }
      case reservedMethods.stats:
        return reply.succeedWithJson(this.#latestStats());
      case reservedMethods.cancel: {
        const id = cancelledId(params);
        if (id !== undefined) peer.cancel(id);
        return reply.succeed(null);
      }
      case reservedMethods.more: {
        const read = moreParams(params);
        if (read !== undefined) peer.more(read.id, read.n);
        return reply.succeed(null);
      }
    }
    reply.fail(this.#methods.notFound(method));
  }

  /** What a ping that asks for connections is told. */
  #clientsOf(params: Request["params"], peer: Peer): { connections: number; load?: number } {
    const connections = this.#server.connections();
    const load = saidLoad(params);
    return load === undefined
      ? { connections }
      : { connections, load: this.#server.loads.tell(peer, load) };
  }

  /**
   * The answer to `rpc.stats` as JSON. It is computed at most once in {@link statsPeriodMs}, since
   * that sorts once for each method, and anybody may ask.
   */
  #latestStats(): string {
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#statsAtMs >= statsPeriodMs) {
      this.#statsAtMs = nowMs;
      this.#statsJson = JSON.stringify(this.#server.stats());
    }
    return this.#statsJson;
  }
}

/** Whether a ping asks for the number of connections. */
function asksConnections(params: Request["params"]): boolean {
  return isObject(params) && params["connections"] === true;
}
