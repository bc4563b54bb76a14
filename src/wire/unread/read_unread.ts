/**
 * Reads messages without parsing their long part, which is passed on as it came, to a worker or to
 * a client (docs/adr/0034-long-values-pass-unread.md). In a very long line that part stays bytes.
 */

import { RpcError } from "../../base/errors.ts";
import { nestingMax, oneStringBytesMax } from "../../base/limits.ts";
import { parsed } from "../fast_path.ts";
import type { LentBytes } from "../../base/spare_buffers.ts";
import type { LongWork } from "../../base/system/give_way.ts";
import type { Params, UnreadJson, UnreadRequest } from "../message.ts";
import { TooLongError, withinOneString } from "../message_bound.ts";
import { isOneValueIn, isOneValueInTurns, partOf, textOf } from "./bytes.ts";
import { withoutPrototype } from "../requests/request_checks.ts";
import { requestFrame, resultFrame } from "./frames.ts";

/** Levels left for parameters, and for results, which may be part of a batch. */
const paramsLevels = nestingMax - 1;
const resultLevels = nestingMax - 2;

/**
 * A request with long parameters, which are not parsed. `undefined` if the line is short or of
 * another form, or if the parameters are not a single array or object of allowed depth. So no part
 * of them can be taken for the message around them, even if they turn out not to be JSON.
 */
export function readRequestUnread(line: UnreadJson): UnreadRequest | undefined {
  const frame = requestFrame(line);
  if (frame === undefined) return undefined;
  const { request, start, end } = frame;
  if (!isOneValueIn(line, start, end, paramsLevels)) return undefined;
  return { ...request, unread: partOf(line, start, end) };
}

/** {@link readRequestUnread} in steps, so that other connections run between them. */
export async function readRequestInTurns(
  line: LentBytes,
  pauses: LongWork,
): Promise<UnreadRequest | undefined> {
  const frame = requestFrame(line);
  if (frame === undefined) return undefined;
  const { request, start, end } = frame;
  if (!await isOneValueInTurns(line, start, end, paramsLevels, pauses)) return undefined;
  return { ...request, unread: partOf(line, start, end) };
}

/**
 * The parameters, parsed after all.
 *
 * @throws {RpcError} ParseError: they are not JSON; InvalidParams: they are too long for that
 */
export function readParams(unread: UnreadJson): Params {
  if (unread.length > oneStringBytesMax) {
    const subject = "Cannot read the parameters: they are";
    const bound = withinOneString({ bytes: Infinity, whose: "" });
    throw new TooLongError("InvalidParams", subject, unread.length, bound);
  }
  const text = textOf(unread);
  const params = parsed(text, 0, text.length);
  if (params !== undefined) return withoutPrototype(params as Params);
  throw new RpcError("ParseError", "Cannot read a line that is not JSON");
}

/** Whether unparsed parameters are valid JSON. Parsed ones are. */
export function isReadable(unread: UnreadJson | undefined): boolean {
  if (unread === undefined) return true;
  // The call was cancelled, and the bytes are gone.
  if (typeof unread !== "string" && unread.isGone) return false;
  try {
    readParams(unread);
    return true;
  } catch {
    return false;
  }
}

/** An answer with a long result, which is not parsed. */
export interface UnreadResult {
  readonly id: number;
  /** One JSON value, as far as its brackets or quotes tell. */
  readonly json: UnreadJson;
}

/**
 * As {@link readRequestUnread}, for an answer with a long result: an array, an object or a string.
 */
export function readResultUnread(line: UnreadJson): UnreadResult | undefined {
  const frame = resultFrame(line);
  if (frame === undefined) return undefined;
  const { id, start, end } = frame;
  return isOneValueIn(line, start, end, resultLevels)
    ? { id, json: partOf(line, start, end) }
    : undefined;
}

/** {@link readResultUnread} in steps, so that other connections run between them. */
export async function readResultInTurns(
  line: LentBytes,
  pauses: LongWork,
): Promise<UnreadResult | undefined> {
  const frame = resultFrame(line);
  if (frame === undefined) return undefined;
  const { id, start, end } = frame;
  return await isOneValueInTurns(line, start, end, resultLevels, pauses)
    ? { id, json: partOf(line, start, end) }
    : undefined;
}
