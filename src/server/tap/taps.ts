import type { Clock } from "../../base/clock.ts";
import { Failure, type ParamsIssue } from "../../base/errors.ts";
import { Shares } from "../../base/bounds/shares.ts";
import { tapsMax, tapsOfCallerMax } from "../limits.ts";
import { loadLater } from "../../base/system/load_later.ts";
import { judged } from "../../base/values/judged.ts";
import type { Request, UnreadJson, UnreadRequest } from "../../wire/message.ts";
import { reservedPrefix } from "../../wire/reserved.ts";
import type { TapParams } from "../../wire/reports/tap.ts";
import { soundTapParams } from "../../wire/reports/tap_checks.ts";
import { shownOf } from "../../wire/unread/bytes.ts";
import type { TaskHandle } from "../../workers/pool/task.ts";
import type { Peer, Reply } from "../reply.ts";
import type { RequestTaker } from "../tracing.ts";
import { briefJson, cut } from "./brief_json.ts";
import { type HeardCall, Tap } from "./tap.ts";

const noTaps: readonly Tap[] = [];

/** The listeners to a server's calls. It answers `rpc.tap`. */
export class Taps {
  readonly #clock: Clock;
  #taps: readonly Tap[] = [];
  readonly #tapsOf = new Shares<object>();
  #readAtMs: number | undefined;
  /** Whether anybody listens. A field, because each call reads it. */
  isOpen = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Answers `rpc.tap`: a stream of the calls that end from now on, until the deadline.
   *
   * @param caller whom it counts for
   */
  open(
    { params }: Request,
    reply: Reply,
    deadlineAtMs: number,
    caller: object,
  ): TaskHandle | undefined {
    const sound = soundTapParams(params);
    if (sound !== undefined) return this.#open(sound, reply, deadlineAtMs, caller);
    void refuseBySchema(params, reply);
    return { cancel() {}, more() {} };
  }

  #open(
    params: TapParams,
    reply: Reply,
    deadlineAtMs: number,
    caller: object,
  ): TaskHandle | undefined {
    const { stream: sink } = reply;
    if (sink === undefined) {
      const message = "Cannot listen: it is a stream, and must be asked for as one";
      reply.fail(new Failure("InvalidParams", message));
      return undefined;
    }
    const isShareFull = this.#tapsOf.of(caller) >= tapsOfCallerMax;
    if (isShareFull || this.#taps.length >= tapsMax) {
      const who = isShareFull ? `${tapsOfCallerMax} of this caller` : tapsMax;
      reply.fail(new Failure("Overloaded", `Cannot listen: ${who} do already`));
      return undefined;
    }
    const tap = new Tap({
      params,
      sink,
      deadlineAtMs,
      clock: this.#clock,
      ended: (error) => {
        this.#taps = this.#taps.filter((one) => one !== tap);
        this.isOpen = this.#taps.length > 0;
        this.#tapsOf.remove(caller);
        reply.fail(error);
      },
    });
    this.#taps = [...this.#taps, tap];
    this.isOpen = true;
    this.#tapsOf.add(caller);
    tap.begin();
    return tap;
  }

  /** The reply for a call that begins, which also tells the listeners of its end. */
  heard(request: UnreadRequest, reply: Reply, peer: Peer, from: string): Reply {
    const { method } = request;
    if (method.startsWith(reservedPrefix)) return reply;
    const listeners = this.#listenersOf(method);
    if (listeners.length === 0) return reply;
    return new HeardReply(listeners, request, reply, peer, from, this.#now());
  }

  /** The listeners that want a call. Most often all or none do, and no new list is made. */
  #listenersOf(method: string): readonly Tap[] {
    const taps = this.#taps;
    const [only] = taps;
    if (taps.length === 1) return only?.wants(method) ? taps : noTaps;
    return taps.filter((tap) => tap.wants(method));
  }

  /**
   * When the current calls were read. There is one look at the clock for all calls that came
   * together, since it takes longer than all the rest here.
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

  /** Ends all taps, since the server is about to stop. */
  end(): void {
    for (const tap of this.#taps) {
      tap.end(new Failure("Draining", "Cannot listen: the server is about to stop"));
    }
  }
}

/** Answers `rpc.tap` on a server that allows no listeners. */
export function refuseTap(_request: Request, reply: Reply): undefined {
  reply.fail(
    new Failure(
      "PermissionDenied",
      "Cannot listen: this server was started with --no-tap (or tap: false), so that nobody reads what others send",
    ),
  );
}

/**
 * Reports the calls of one connection to the listeners, including refused ones.
 *
 * It is the outermost layer, and costs one look at a field while nobody listens.
 */
export function withTaps(taps: Taps, from: string, next: RequestTaker): RequestTaker {
  return {
    dispatch(request, reply, peer) {
      if (!taps.isOpen) return next.dispatch(request, reply, peer);
      return next.dispatch(request, taps.heard(request, reply, peer, from), peer);
    },
  };
}

/** Answers a call, and then tells the listeners. */
class HeardReply implements Reply, HeardCall {
  readonly from: string;
  readonly readAtMs: number;
  error: Failure | undefined;
  readonly #taps: readonly Tap[];
  readonly #request: UnreadRequest;
  readonly #reply: Reply;
  readonly #peer: Peer;

  constructor(
    taps: readonly Tap[],
    request: UnreadRequest,
    reply: Reply,
    peer: Peer,
    from: string,
    readAtMs: number,
  ) {
    this.from = from;
    this.#taps = taps;
    this.#request = request;
    this.#reply = reply;
    this.#peer = peer;
    this.readAtMs = readAtMs;
    // The listeners are told after its end.
    this.hold();
  }

  get stream(): Reply["stream"] {
    return this.#reply.stream;
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

  hold(): void {
    const { unread } = this.#request;
    if (typeof unread === "object") unread.hold();
  }

  letGo(): void {
    const { unread } = this.#request;
    if (typeof unread === "object") unread.letGo();
  }

  succeed(result: unknown): void {
    this.#reply.succeed(result);
    this.#tell();
  }

  succeedWithJson(result: UnreadJson): void {
    this.#reply.succeedWithJson(result);
    this.#tell();
  }

  fail(error: Failure): void {
    this.#reply.fail(error);
    this.error = error;
    this.#tell();
  }

  #tell(): void {
    for (const tap of this.#taps) tap.hear(this);
    this.letGo();
  }
}

const loadSchemas = loadLater(() => import("../../wire/reports/tap.ts"));

/** Tells by the schema, which is loaded for it, what is wrong with parameters. */
async function refuseBySchema(params: Request["params"], reply: Reply): Promise<void> {
  let issues: ParamsIssue[] = [];
  try {
    const { tapParamsSchema } = await loadSchemas();
    const found = judged(tapParamsSchema, params)?.error?.issues ?? [];
    issues = found.map(({ path, message }) => ({ path: path as (string | number)[], message }));
  } catch {
    // The schema cannot be loaded now.
  }
  const [{ path, message } = { path: [], message: "these are not its parameters" }] = issues;
  const place = path.length === 0 ? "" : `${path.join(".")}: `;
  reply.fail(new Failure("InvalidParams", `Cannot listen: ${place}${message}`, undefined, issues));
}
