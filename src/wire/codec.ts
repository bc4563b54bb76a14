/** Encodes all messages as lines, and decodes the lines that a client receives. */

import {
  clientErrors,
  type ErrorName,
  errorNameOf,
  type Executed,
  type Failure,
  messageOf,
  RpcError,
} from "../base/errors.ts";
import { asJson, describeFault, JsonFault, jsonOf } from "../base/values/json_fault.ts";
import { messageMaxLeast, nestingMax } from "../base/limits.ts";
import type { LentBytes } from "../base/spare_buffers.ts";
import { exactJson, longestMessages, parseJson, type Unprinted } from "./json.ts";
import {
  around,
  boundOfServer,
  fitting,
  isLonger,
  longestLineOf,
  type MessageBound,
  notTooLong,
  withinOneString,
} from "./message_bound.ts";
import type { Id, LongLine, Params, Request, Response, UnreadJson, WireError } from "./message.ts";
import { errorDataOf, isNotificationValue, isResponseValue } from "./reply_checks.ts";
import { readResultFast } from "./fast_path.ts";
import { reservedMethods } from "./reserved.ts";

/** The bound where none is given. */
const boundDefault = boundOfServer();

/** To how many UTF-16 code units an error's message is cut if it makes the answer too long. */
const cutMessageLength = 1_000;

/**
 * Reads a line as a client does: an answer, or a notification from the server.
 *
 * @throws {RpcError} ParseError or InvalidRequest: the peer does not speak this protocol
 */
export function decodeReply(line: string): Response | Request {
  return readResultFast(line) ?? decodeAnyReply(line);
}

/** {@link decodeReply} without the fast path. */
export function decodeAnyReply(line: string): Response | Request {
  const value = parseJson(line);
  if (value instanceof RpcError) throw value;
  return replyOf(value, exactJson(line));
}

/**
 * {@link decodeReply} of a value. @param exact the same with numbers as they were written, if
 * JavaScript changed any
 */
export function replyOf(value: unknown, exact: unknown): Response | Request {
  if (isResponseValue(value)) {
    return exact === undefined ? value : { ...value, result: (exact as Response).result };
  }
  if (!isNotificationValue(value)) {
    throw new RpcError(
      "InvalidRequest",
      "Cannot read the message as a JSON-RPC 2.0 answer or notification",
    );
  }
  // Any id is dropped, since the id is what tells an answer from a notification.
  const { id: _, ...notification } = value;
  const { params } = notification;
  if (exact === undefined || params === undefined || !("items" in params)) return notification;
  const { items } = (exact as { readonly params: { readonly items: unknown } }).params;
  return { ...notification, params: { ...params, items } };
}

/** Whether what {@link decodeReply} returned is an answer. */
export function isResponse(message: Response | Request): message is Response {
  return message.id !== undefined;
}

/** What a call may have beside its parameters, and most have not. */
export interface RequestOptions {
  /** Asks for a stream, with this credit at first. @default none: one result */
  readonly stream?: number | undefined;
  /** The trace that the call belongs to. @default none */
  readonly traceparent?: string | undefined;
  /** Who calls, as a server tells its workers. @default not known */
  readonly caller?: string | undefined;
}

/**
 * A request as a line. Without `timeoutMs` there is no deadline but the server's own.
 *
 * @param bound what the other end takes
 * @throws {RpcError} InvalidParams if JSON cannot express them, or too long or too deeply nested
 * for one message
 */
export function encodeRequest(...request: Parameters<typeof requestLine>): string {
  return joined(requestLine(...request));
}

/** {@link encodeRequest}, but long parameters are not joined with the rest. */
export function requestLine(
  id: number,
  method: string,
  params: Params | undefined,
  timeoutMs?: number,
  options?: RequestOptions,
  bound = boundDefault,
): string | LongLine {
  const head = `{"jsonrpc":"2.0","id":${id},"method":${quoted(method)}`;
  const tail = `${encodeMeta(timeoutMs, options)}}\n`;
  return withParams(head, "call", method, params, tail, bound);
}

function encodeMeta(timeoutMs: number | undefined, options: RequestOptions | undefined): string {
  if (options !== undefined) return `,"meta":${JSON.stringify({ timeoutMs, ...options })}`;
  return timeoutMs === undefined ? "" : `,"meta":{"timeoutMs":${timeoutMs}}`;
}

/**
 * {@link encodeRequest} for parameters that are passed on as they came.
 *
 * @throws {RpcError} InvalidParams if it is too long for one message
 */
export function encodeUnreadRequest(
  id: number,
  method: string,
  params: UnreadJson,
  timeoutMs?: number,
  options?: RequestOptions,
  bound = boundDefault,
): string | LongLine {
  const head = `{"jsonrpc":"2.0","id":${id},"method":${quoted(method)},"params":`;
  return notTooLong(
    around(params, head, `${encodeMeta(timeoutMs, options)}}\n`),
    "InvalidParams",
    () => `Cannot call ${method}: its parameters are`,
    bound,
  );
}

let lastMethod = "";
let lastQuoted = '""';

/** A method's name as JSON. It is kept, because the next call is most often of the same method. */
function quoted(method: string): string {
  if (method !== lastMethod) {
    lastMethod = method;
    lastQuoted = JSON.stringify(method);
  }
  return lastQuoted;
}

/**
 * A notification as a line.
 *
 * @throws {RpcError} InvalidParams if they are not JSON, or too long or too deeply nested for one
 * message
 */
export function encodeNotification(method: string, params?: Params): string {
  const head = `{"jsonrpc":"2.0","method":${JSON.stringify(method)}`;
  return joined(withParams(head, "notify", method, params, "}\n", boundDefault));
}

/**
 * Items of a stream as a line.
 *
 * @param bound what the other end takes
 * @throws {RpcError} InternalError if they are not JSON, or too long or too deeply nested for one
 * message
 */
export function encodeItems(
  id: Id,
  items: readonly unknown[],
  bound = boundDefault,
): string {
  let text: string;
  try {
    text = JSON.stringify(items);
  } catch (cause) {
    throw new RpcError("InternalError", `Cannot send an item that is ${whyNot(cause)}`, { cause });
  }
  const within = withinOneString(bound);
  const head = `{"jsonrpc":"2.0","method":"${reservedMethods.item}","params":{"id":${
    encodeId(id)
  },"items":`;
  const subject = () => "Cannot send an item: it is";
  return joined(fitting(head, text, "}}\n", "InternalError", subject, nestingMax - 3, within));
}

function withParams(
  head: string,
  verb: string,
  method: string,
  params: Params | undefined,
  tail: string,
  bound: MessageBound,
): string | LongLine {
  const json = encodeParams(method, params, bound);
  const subject = () => `Cannot ${verb} ${method}: its parameters are`;
  return json === undefined
    ? fitting(head, "", tail, "InvalidParams", subject, nestingMax - 1, bound)
    : fitting(`${head},"params":`, json, tail, "InvalidParams", subject, nestingMax - 1, bound);
}

function encodeParams(
  method: string,
  params: Params | undefined,
  bound: MessageBound,
): string | LentBytes | Unprinted | undefined {
  if (params === undefined) return undefined;
  // A program whose types nobody checks may give a value alone.
  let [what, cause] = ["have to be an array or an object", undefined as unknown];
  let json: unknown;
  try {
    json = asJson(withoutAbsent(params));
    const text = json instanceof JsonFault ? "" : jsonOf(json);
    if (/^[[{]/.test(text)) return text;
    if (json instanceof JsonFault) what = `have ${describeFault(json, "pass")}`;
  } catch (error) {
    const printed = json === undefined
      ? undefined
      : printedLong(json, error, nestingMax - 1, bound);
    if (printed !== undefined) return printed;
    [what, cause] = [`cannot be read: ${messageOf(error)}`, error];
  }
  const text = `Cannot call ${method}: its parameters ${what}`;
  throw new RpcError("InvalidParams", text, { executed: "no", cause });
}

/** `undefined`: that is not why `JSON.stringify` failed, or nobody here prints such values. */
function printedLong(
  json: unknown,
  error: unknown,
  levels: number,
  bound: MessageBound,
): LentBytes | Unprinted | undefined {
  if (!(error instanceof RangeError)) return undefined;
  return longestMessages()?.print(json, levels, longestLineOf(bound));
}

function whyNot(cause: unknown): string {
  return cause instanceof RangeError ? "longer as JSON than any text can be" : "not JSON";
}

/** Parameters without trailing `undefined`: `f(1, undefined)` is `f(1)`. */
function withoutAbsent(params: Params): Params {
  if (!Array.isArray(params) || params.length === 0 || params.at(-1) !== undefined) return params;
  return params.slice(0, params.findLastIndex((param) => param !== undefined) + 1);
}

/**
 * A result as a line; `undefined` becomes `null`.
 *
 * @param bound what the other end takes
 * @throws {RpcError} InternalError if the result is not JSON, or too long or too deeply nested for
 * one message
 */
export function encodeResult(id: Id, result: unknown, bound = boundDefault): string {
  return joined(resultLine(id, result, withinOneString(bound)));
}

/** {@link encodeResult}, but a long result is not joined with the rest. */
export function resultLine(
  id: Id,
  result: unknown,
  bound = boundDefault,
): string | LongLine {
  let text: string | LentBytes | Unprinted | undefined;
  try {
    text = JSON.stringify(result);
  } catch (cause) {
    text = printedLong(result, cause, nestingMax - 2, bound);
    if (text === undefined) {
      const message = `Cannot send a result that is ${whyNot(cause)}`;
      throw new RpcError("InternalError", message, { cause });
    }
  }
  text ??= "null";
  return fitting(resultHead(id), text, "}\n", "InternalError", ofResult, nestingMax - 2, bound);
}

/**
 * {@link encodeResult} for a result that is JSON already, and not nested too deep.
 *
 * @throws {RpcError} InternalError if it is too long for one message
 */
export function encodeJsonResult(
  id: Id,
  result: UnreadJson,
  bound = boundDefault,
): string | LongLine {
  return notTooLong(around(result, resultHead(id), "}\n"), "InternalError", ofResult, bound);
}

const ofResult = () => "Cannot send a result: it is";

function resultHead(id: Id): string {
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"result":`;
}

/** From this length on texts are printed and read without JSON if they can. */
export const longTextLength = 32 * 1024;

/** Only what no text can hold is bytes already, and is not to be joined. */
function joined(line: string | LongLine): string {
  return typeof line === "string" ? line : line.head + line.body + line.tail;
}

/**
 * An error as a line. Its cause and stack stay here, and a long message is cut before it is printed
 * if it must be. InvalidParams has a list of issues always, if an empty one.
 */
export function encodeError(id: Id, error: Failure): string {
  const { code, executed, message, issues = error.name === "InvalidParams" ? [] : undefined } =
    error;
  const data = issues === undefined ? { executed } : { executed, issues };
  const line = message.length <= messageMaxLeast && errorLine(id, code, message, data);
  if (line && !isLonger(line, messageMaxLeast)) return line;
  return errorLine(id, code, message.slice(0, cutMessageLength), { executed });
}

/** Of the text half a pair of surrogates is U+FFFD, since many programs refuse JSON with it. */
function errorLine(
  id: Id,
  code: number,
  message: string,
  data: Partial<Failure>,
): string {
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"error":{"code":${code},"message":${
    JSON.stringify(message.toWellFormed())
  },"data":${JSON.stringify(data)}}}\n`;
}

function encodeId(id: Id): string {
  return typeof id === "string" ? JSON.stringify(id) : String(id);
}

/** The error of an answer, of ours or of another program's, as the client's callers see it. */
export function toRpcError(error: WireError): RpcError {
  const { executed, issues } = errorDataOf(error.data);
  const name = errorNameOf(error.code);
  if (name === undefined) {
    // An unknown code says nothing of the execution, so retry must assume the worst.
    return new RpcError("InternalError", `${error.message} (code ${error.code})`, {
      executed: executed ?? "yes",
    });
  }
  if (clientErrors.has(name)) return causeOf(name, error.message, executed);
  return new RpcError(name, error.message, { executed, issues });
}

/** The errors by which a worker can speak of its own call. */
const workerErrors: ReadonlySet<ErrorName> = new Set(["InvalidParams", "InternalError"]);

/**
 * As {@link toRpcError}, for the answer of a worker. A worker knows nothing of queues, deadlines or
 * methods: an error that tells of these comes from a call that the worker made itself, and so does
 * its `executed`.
 *
 * @param isForeign whether the worker is not our program. It may pass on any error of another call
 * unchanged, so its "no" is not believed: it was handed the call, and nothing more is known
 */
export function toWorkerError(error: WireError, isForeign = false): RpcError {
  const { executed } = errorDataOf(error.data);
  const name = errorNameOf(error.code);
  // Our worker answers this if parameters that were passed on unread are not JSON.
  if (name === "ParseError" && !isForeign) return new RpcError(name, error.message);
  if (name !== undefined && !workerErrors.has(name)) return causeOf(name, error.message, executed);
  const told = toRpcError(error);
  if (!isForeign || told.executed !== "no") return told;
  const { message, issues } = told;
  return new RpcError(told.name, message, { executed: "maybe", issues });
}

/** The error of another call as the cause of this one's, which had begun: it made that call. */
function causeOf(name: ErrorName, message: string, executed: Executed | undefined): RpcError {
  return new RpcError("InternalError", `${name}: ${message}`, {
    executed: executed === "yes" ? "yes" : "maybe",
    cause: new RpcError(name, message),
  });
}
