import { Failure, RpcError } from "../../base/errors.ts";
import { batchMessagesMax } from "../../base/limits.ts";
import { isChangedId } from "../../base/values/exact_numbers.ts";
import { isObject } from "../../base/values/members.ts";
import { type Carrier, exactJson, parseJson } from "../json.ts";
import type { Id, Params, Request } from "../message.ts";
import { isId } from "../reply_checks.ts";
import { reservedPrefix } from "../reserved.ts";
import { withoutPrototype } from "./request_checks.ts";

/** A message that is not a request: the error to answer with, and the id that it seems to have. */
export class BadMessage {
  readonly id: Id;
  readonly error: Failure;

  constructor(id: Id, error: Failure) {
    this.id = id;
    this.error = error;
  }
}

/**
 * Reads one JSON value as a message.
 *
 * @param exact the same value with numbers as they were written, if JavaScript changed any
 */
export type Read<Message> = (value: unknown, exact: unknown) => Message;

/** The messages of a batch. Each is read when the iteration comes to it. */
export class LazyBatch<Message> implements Iterable<Message> {
  readonly #values: readonly unknown[];
  readonly #exact: readonly unknown[] | undefined;
  readonly #read: Read<Message>;

  constructor(
    values: readonly unknown[],
    exact: readonly unknown[] | undefined,
    read: Read<Message>,
  ) {
    this.#values = values;
    this.#exact = exact;
    this.#read = read;
  }

  /** How many there are. */
  get length(): number {
    return this.#values.length;
  }

  *[Symbol.iterator](): Iterator<Message> {
    for (const [index, value] of this.#values.entries()) {
      yield this.#read(value, this.#exact?.[index]);
    }
  }
}

/**
 * Reads a line: as one message, by `read`, as a batch of them, or as the error to answer with.
 * Never throws if `read` does not.
 */
export function decodeLine<Message>(
  line: string,
  read: Read<Message>,
  carrier?: Carrier,
): Message | BadMessage | LazyBatch<Message | BadMessage> {
  const readOne: Read<Message | BadMessage> = (value, exact) =>
    isChangedId(idOf(exact)) ? changedId() : read(value, exact);
  const value = parseJson(line, carrier);
  if (value instanceof RpcError) return new BadMessage(null, value);
  const exact = exactJson(line);
  if (!Array.isArray(value)) return readOne(value, exact);
  if (value.length === 0 || value.length > batchMessagesMax) {
    const message = value.length === 0
      ? "Cannot answer an empty batch: it needs at least one request"
      : `Cannot take a batch of ${value.length} requests: ${batchMessagesMax} is the most`;
    return new BadMessage(null, new Failure("InvalidRequest", message));
  }
  return new LazyBatch(value, exact as unknown[] | undefined, readOne);
}

function changedId(): BadMessage {
  const message = "Cannot answer under an id that is a number of so many digits: it would come " +
    "back as another one. Send a whole number up to 2^53 - 1, or a text";
  return new BadMessage(null, new Failure("InvalidRequest", message));
}

function idOf(message: unknown): unknown {
  return isObject(message) ? message["id"] : undefined;
}

/**
 * A request with the numbers in its parameters as they were written, since a server passes them on
 * and must not round them.
 */
export function withExactParams(request: Request, exact: unknown): Request {
  if (exact === undefined || request.params === undefined) return request;
  const { params } = exact as { readonly params: Params };
  if (!request.method.startsWith(reservedPrefix)) {
    return { ...request, params: withoutPrototype(params) };
  }
  // They may tell of another request by its id.
  return isChangedId(idOf(params)) ? { ...request, params: {} } : request;
}

/**
 * The answer to a message that is no request, where the schemas that could tell why cannot be
 * loaded.
 */
export function unexplained(value: unknown): BadMessage {
  const id = isObject(value) && isId(value["id"]) ? value["id"] : null;
  const message = "Cannot read the message as a JSON-RPC 2.0 request";
  return new BadMessage(id, new Failure("InvalidRequest", message));
}
