import type { Clock } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { tapsMax } from "../../base/limits.ts";
import type { Request, UnreadJson, UnreadRequest } from "../../wire/message.ts";
import { reservedPrefix } from "../../wire/reserved.ts";
import { tapParamsSchema } from "../../wire/reports/tap.ts";
import { shownOf } from "../../wire/unread/bytes.ts";
import type { TaskHandle } from "../../workers/pool/task.ts";
import type { Peer, Reply } from "../reply.ts";
import type { RequestTaker } from "../tracing.ts";
import { briefJson, cut } from "./brief_json.ts";
import { type HeardCall, Tap } from "./tap.ts";

/** Those who listen to the calls of a server: who answers `rpc.tap`. */
export class Taps {
  readonly #clock: Clock;
  #taps: readonly Tap[] = [];
  #readAtMs: number | undefined;
  /** Somebody listens. A field, because each call looks at it. */
  isOpen = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers `rpc.tap`: by the calls that end from now on, until the deadline. */
  open({ params }: Request, reply: Reply, deadlineAtMs: number): TaskHandle | undefined {
    const parsed = tapParamsSchema.safeParse(params ?? {});
    const { stream: sink } = reply;
    if (!parsed.success || sink === undefined) {
      reply.fail(new RpcError("InvalidParams", `Cannot listen: ${faultOf(parsed.error)}`));
      return undefined;
    }
    if (this.#taps.length >= tapsMax) {
      reply.fail(new RpcError("Overloaded", `Cannot listen: ${tapsMax} do already`));
      return undefined;
    }
    const tap = new Tap({
      params: parsed.data,
      sink,
      deadlineAtMs,
      clock: this.#clock,
      ended: (error) => {
        this.#taps = this.#taps.filter((one) => one !== tap);
        this.isOpen = this.#taps.length > 0;
        reply.fail(error);
      },
    });
    this.#taps = [...this.#taps, tap];
    this.isOpen = true;
    tap.begin();
    return tap;
  }

  /** The reply of a call that begins, by way of those who want to hear of its end. */
  heard(request: UnreadRequest, reply: Reply, peer: Peer, from: string): Reply {
    const { method } = request;
    if (method.startsWith(reservedPrefix)) return reply;
    let listeners: Tap[] | undefined;
    for (const tap of this.#taps) if (tap.wants(method)) (listeners ??= []).push(tap);
    if (listeners === undefined) return reply;
    return new HeardReply(listeners, request, reply, peer, from, this.#clock, this.#now());
  }

  /**
   * When what is worked off now was read. One look at the clock for all calls that came together:
   * it takes longer than all the rest here.
   */
  #now(): number {
    if (this.#readAtMs === undefined) {
      this.#readAtMs = this.#clock.now();
      queueMicrotask(this.#forget);
    }
    return this.#readAtMs;
  }

  readonly #forget = (): void => {
    this.#readAtMs = undefined;
  };

  /** Nobody listens any more, since the server is about to stop. */
  end(): void {
    for (const tap of this.#taps) {
      tap.end(new RpcError("Draining", "Cannot listen: the server is about to stop"));
    }
  }
}

/** Answers `rpc.tap` where nobody may listen. */
export function refuseTap(_request: Request, reply: Reply): undefined {
  reply.fail(
    new RpcError(
      "PermissionDenied",
      "Cannot listen: this server was started with --no-tap, so that nobody reads what others send",
    ),
  );
}

/**
 * Has the calls of one connection heard, also those that are refused.
 *
 * Around all the rest, and a look at one field while nobody listens.
 */
export function withTaps(taps: Taps, from: string, next: RequestTaker): RequestTaker {
  return {
    dispatch(request, reply, peer) {
      if (!taps.isOpen) return next.dispatch(request, reply, peer);
      return next.dispatch(request, taps.heard(request, reply, peer, from), peer);
    },
  };
}

/** Answers a call, and then lets those who listen hear of it. */
class HeardReply implements Reply, HeardCall {
  readonly stream: Reply["stream"];
  readonly from: string;
  readonly #taps: readonly Tap[];
  readonly #request: UnreadRequest;
  readonly #reply: Reply;
  readonly #peer: Peer;
  readonly #clock: Clock;
  readonly #readAtMs: number;

  constructor(
    taps: readonly Tap[],
    request: UnreadRequest,
    reply: Reply,
    peer: Peer,
    from: string,
    clock: Clock,
    readAtMs: number,
  ) {
    this.stream = reply.stream;
    this.from = from;
    this.#taps = taps;
    this.#request = request;
    this.#reply = reply;
    this.#peer = peer;
    this.#clock = clock;
    this.#readAtMs = readAtMs;
    // Those who listen hear of it after its end.
    if (typeof request.unread === "object") request.unread.hold();
  }

  get caller(): string | undefined {
    return this.#peer.name;
  }

  get method(): string {
    return this.#request.method;
  }

  briefParams(lengthMax: number): string {
    const { params = [], unread } = this.#request;
    if (unread === undefined) return briefJson(params, lengthMax);
    return cut(shownOf(unread, lengthMax + 1), lengthMax);
  }

  ageMs(): number {
    return this.#clock.now() - this.#readAtMs;
  }

  succeed(result: unknown): void {
    this.#reply.succeed(result);
    this.#tell(undefined);
  }

  succeedWithJson(result: UnreadJson): void {
    this.#reply.succeedWithJson(result);
    this.#tell(undefined);
  }

  fail(error: RpcError): void {
    this.#reply.fail(error);
    this.#tell(error);
  }

  #tell(error: RpcError | undefined): void {
    for (const tap of this.#taps) tap.hear(this, error);
    const { unread } = this.#request;
    if (typeof unread === "object") unread.letGo();
  }
}

function faultOf(error: { readonly issues: readonly { message: string }[] } | undefined): string {
  return error?.issues[0]?.message ?? "it is a stream, and must be asked for as one";
}
