import type { RpcError } from "../base/errors.ts";
import type { ItemSink } from "../procedures/stream_run.ts";
import type { Id, UnreadJson } from "../wire/message.ts";
import type { Caller } from "../workers/pool/task.ts";

/** Takes the answer to one request. Exactly one of its methods is called, once. */
export interface Reply {
  /** Where items go, if the caller asked for a stream. */
  readonly stream?: ItemSink | undefined;
  succeed(result: unknown): void;
  /** {@link succeed} with what is JSON already. */
  succeedWithJson(result: UnreadJson): void;
  fail(error: RpcError): void;
}

/** What a request can ask of the connection that it came by. */
export interface Peer extends Caller {
  /** Cancels the calls of this connection that have this id. */
  cancel(id: Id): void;
  /** Grants the calls of this connection that have this id so many more items. */
  more(id: Id, n: number): void;
  /** The peer has said how long a message it takes, in bytes. */
  takes(messageMax: number): void;
}
