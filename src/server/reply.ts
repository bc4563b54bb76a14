import type { Failure } from "../base/errors.ts";
import type { ItemSink } from "../procedures/stream_run.ts";
import type { Id, UnreadJson } from "../wire/message.ts";
import type { Caller } from "../workers/pool/task.ts";

/** Takes the answer to one request. Exactly one of its methods is called, once. */
export interface Reply {
  /** Takes the items, if the caller asked for a stream. */
  readonly stream?: ItemSink | undefined;
  succeed(result: unknown): void;
  /** {@link succeed} with a result that is JSON already. */
  succeedWithJson(result: UnreadJson): void;
  fail(error: Failure): void;
}

/** The connection of a request, as the protocol's own methods use it. */
export interface Peer extends Caller {
  /** Cancels the calls of this connection that have this id. */
  cancel(id: Id): void;
  /** Grants more items to the calls of this connection that have this id. */
  more(id: Id, n: number): void;
  /** Notes the longest message that the peer takes, in bytes; `undefined`: it has not said. */
  takes(messageMax: number | undefined): void;
  /** Tells the peer that no call is under way any more, ahead of the answer to the last one. */
  idle(): void;
}
