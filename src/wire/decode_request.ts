import * as z from "zod";
import { RpcError } from "../base/errors.ts";
import { batchMessagesMax } from "../base/limits.ts";
import { judged } from "../base/values/judged.ts";
import { type Carrier, exactJson, parseJson } from "./json.ts";
import {
  cancelParamsSchema,
  discoverParamsSchema,
  type Id,
  idSchema,
  type MoreParams,
  moreParamsSchema,
  type Params,
  type Request,
  requestSchema,
} from "./message.ts";
import { readRequestFast } from "./fast_path.ts";
import { reservedPrefix } from "./reserved.ts";

/** A message that is not a request: the error to answer with, and the id that it seems to have. */
export class BadMessage {
  readonly id: Id;
  readonly error: RpcError;

  constructor(id: Id, error: RpcError) {
    this.id = id;
    this.error = error;
  }
}

/** The messages of a batch, each of which is read when its turn comes. */
export class LazyBatch implements Iterable<Request | BadMessage> {
  readonly #values: readonly unknown[];
  readonly #exact: readonly unknown[] | undefined;

  constructor(values: readonly unknown[], exact: readonly unknown[] | undefined) {
    this.#values = values;
    this.#exact = exact;
  }

  /** How many there are. */
  get length(): number {
    return this.#values.length;
  }

  *[Symbol.iterator](): Iterator<Request | BadMessage> {
    for (const [index, value] of this.#values.entries()) {
      yield toRequest(value, this.#exact?.[index]);
    }
  }
}

/** What a server can receive on one line. */
type Incoming = Request | BadMessage | readonly (Request | BadMessage)[];

const request = z.compile(requestSchema);
const id = z.compile(idSchema);
const cancelParams = z.compile(cancelParamsSchema);
const discoverParams = z.compile(discoverParamsSchema);
const moreParamsCheck = z.compile(moreParamsSchema);

/**
 * Reads a line as a server does: a request, a batch of them, or the error to answer with. Never
 * throws.
 */
export function decodeRequest(line: string): Incoming {
  return readRequestFast(line) ?? decodeAnyRequest(line);
}

/** {@link decodeRequest}, but a batch is read message by message. */
export function decodeLazily(line: string): Request | BadMessage | LazyBatch {
  return readRequestFast(line) ?? decode(line);
}

/** {@link decodeRequest} without the fast path. */
export function decodeAnyRequest(line: string, carrier?: Carrier): Incoming {
  const message = decode(line, carrier);
  return message instanceof LazyBatch ? [...message] : message;
}

function decode(line: string, carrier?: Carrier): Request | BadMessage | LazyBatch {
  const value = parseJson(line, carrier);
  if (value instanceof RpcError) return new BadMessage(null, value);
  const exact = exactJson(line);
  if (!Array.isArray(value)) return toRequest(value, exact);
  if (value.length === 0 || value.length > batchMessagesMax) {
    const message = value.length === 0
      ? "Cannot answer an empty batch: it needs at least one request"
      : `Cannot take a batch of ${value.length} requests: ${batchMessagesMax} is the most`;
    return new BadMessage(null, new RpcError("InvalidRequest", message));
  }
  return new LazyBatch(value, exact as unknown[] | undefined);
}

/** @param exact the same value with numbers as they were written, if JavaScript changed any */
function toRequest(value: unknown, exact: unknown): Request | BadMessage {
  const parsed = judged(request, value);
  if (parsed?.success) {
    const { data } = parsed;
    if (exact === undefined || data.params === undefined) return data;
    if (data.method.startsWith(reservedPrefix)) return data;
    return { ...data, params: (exact as Request).params };
  }
  const [issue] = parsed?.error.issues ?? [];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` (${issue.path.join(".")})`;
  const message = `Cannot read the message as a JSON-RPC 2.0 request${where}: ${
    issue?.message ?? "an object stands in the place of a text or a number"
  }`;
  return new BadMessage(idOf(value), new RpcError("InvalidRequest", message));
}

/** The id that a faulty request seems to have, so that its sender can tell which one failed. */
function idOf(value: unknown): Id {
  if (typeof value !== "object" || value === null || !("id" in value)) return null;
  return judged(id, value.id)?.data ?? null;
}

/** The id in the parameters of `rpc.cancel`; `undefined` if there is none. */
export function cancelledId(params: Params | undefined): Id | undefined {
  return judged(cancelParams, params)?.data?.id;
}

/** The parameters of `rpc.more`; `undefined` if they are something else. */
export function moreParams(params: Params | undefined): MoreParams | undefined {
  return judged(moreParamsCheck, params)?.data;
}

/** The longest message that the sender of these parameters of `rpc.discover` takes, if told. */
export function saidMessageMax(params: Params | undefined): number | undefined {
  return params === undefined ? undefined : judged(discoverParams, params)?.data?.messageMax;
}
