/** Messages to lines and back. The one place where a line becomes a value, or a value a line. */

import * as z from "zod";
import { errorNameOf, type Executed, type ParamsIssue, RpcError } from "../base/errors.ts";
import { batchMessagesMax, messageBytesMax, nestingMax } from "../base/limits.ts";
import {
  errorDataSchema,
  type Id,
  idSchema,
  type Params,
  type Request,
  requestSchema,
  type Response,
  responseSchema,
  type WireError,
} from "./message.ts";

/** A message that is not a request: the error to answer it with, under the id that it seems to have. */
export class BadMessage {
  readonly id: Id;
  readonly error: RpcError;

  constructor(id: Id, error: RpcError) {
    this.id = id;
    this.error = error;
  }
}

/** What a server can receive on one line. */
export type Incoming = Request | BadMessage | readonly (Request | BadMessage)[];

const request = z.compile(requestSchema);
const response = z.compile(responseSchema);
const errorData = z.compile(errorDataSchema);
const id = z.compile(idSchema);

/** Reads a line as a server does: a request, a batch of them, or the error to answer with. Never throws. */
export function decodeRequest(line: string): Incoming {
  const value = parseJson(line);
  if (value instanceof RpcError) return new BadMessage(null, value);
  if (!Array.isArray(value)) return toRequest(value);
  if (value.length === 0 || value.length > batchMessagesMax) {
    const message = value.length === 0
      ? "Cannot answer an empty batch: it needs at least one request"
      : `Cannot take a batch of ${value.length} requests: ${batchMessagesMax} is the most`;
    return new BadMessage(null, new RpcError("InvalidRequest", message));
  }
  return value.map(toRequest);
}

function toRequest(value: unknown): Request | BadMessage {
  const parsed = request.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  return new BadMessage(
    idOf(value),
    new RpcError(
      "InvalidRequest",
      `Cannot read the message as a JSON-RPC 2.0 request${where}: ${issue?.message ?? "not valid"}`,
    ),
  );
}

/** The id that a faulty request seems to have, so that its sender can tell which one failed. */
function idOf(value: unknown): Id {
  if (typeof value !== "object" || value === null || !("id" in value)) return null;
  const parsed = id.safeParse(value.id);
  return parsed.success ? parsed.data : null;
}

/**
 * Reads a line as a client does: an answer, or a notification from the server.
 *
 * @throws {RpcError} ParseError or InvalidRequest: the peer does not speak this protocol
 */
export function decodeReply(line: string): Response | Request {
  const value = parseJson(line);
  if (value instanceof RpcError) throw value;
  const parsed = response.safeParse(value);
  if (parsed.success && (parsed.data.error !== undefined || "result" in parsed.data)) {
    return parsed.data;
  }
  const notification = toRequest(value);
  if (notification instanceof BadMessage) throw notification.error;
  return notification;
}

/** Whether what {@link decodeReply} returned is an answer. */
export function isResponse(message: Response | Request): message is Response {
  return !("method" in message);
}

function parseJson(line: string): unknown {
  try {
    // Shorter lines cannot close what they would have to open.
    if (line.length > 2 * nestingMax && nestingOf(line) > nestingMax) {
      return new RpcError("ParseError", `Cannot take JSON nested deeper than ${nestingMax} levels`);
    }
    return JSON.parse(line);
  } catch (cause) {
    return new RpcError("ParseError", "Cannot read a line that is not JSON", { cause });
  }
}

/** The deepest nesting of brackets outside of strings. Stops counting once past the bound. */
function nestingOf(line: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < line.length && deepest <= nestingMax; i++) {
    const code = line.charCodeAt(i);
    if (code === 0x22) i = endOfString(line, i + 1);
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth--;
  }
  return deepest;
}

/** The index of the quote that ends the string whose first character is at `start`. */
function endOfString(line: string, start: number): number {
  for (let quote = line.indexOf('"', start);; quote = line.indexOf('"', quote + 1)) {
    if (quote === -1) return line.length;
    let backslashes = 0;
    while (line.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
}

/**
 * A request as a line. Without `timeoutMs` there is no deadline but the server's own.
 *
 * @throws {RpcError} InvalidParams if they are not JSON, or too long for one message
 */
export function encodeRequest(
  id: number,
  method: string,
  params: Params | undefined,
  timeoutMs?: number,
): string {
  const meta = timeoutMs === undefined ? "" : `,"meta":{"timeoutMs":${timeoutMs}}`;
  return fitting(
    `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${
      encodeParams(method, params)
    }${meta}}\n`,
    "InvalidParams",
    () => `Cannot call ${method}: its parameters are`,
  );
}

/**
 * A notification as a line.
 *
 * @throws {RpcError} InvalidParams if they are not JSON, or too long for one message
 */
export function encodeNotification(method: string, params?: Params): string {
  const text = `{"jsonrpc":"2.0","method":${JSON.stringify(method)}${
    encodeParams(method, params)
  }}\n`;
  return fitting(text, "InvalidParams", () => `Cannot notify ${method}: its parameters are`);
}

function encodeParams(method: string, params: Params | undefined): string {
  if (params === undefined) return "";
  try {
    return `,"params":${JSON.stringify(params)}`;
  } catch (cause) {
    throw new RpcError("InvalidParams", `Cannot call ${method}: its parameters are not JSON`, {
      executed: "no",
      cause,
    });
  }
}

/**
 * A result as a line; `undefined` becomes `null`.
 *
 * @throws {RpcError} InternalError if the result is not JSON, or too long for one message
 */
export function encodeResult(id: Id, result: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(result);
  } catch (cause) {
    throw new RpcError("InternalError", "Cannot send a result that is not JSON", { cause });
  }
  return fitting(
    `{"jsonrpc":"2.0","id":${encodeId(id)},"result":${text ?? "null"}}\n`,
    "InternalError",
    () => "Cannot send a result: it is",
  );
}

/** An error as a line. Its cause and stack stay here. */
export function encodeError(id: Id, error: RpcError): string {
  const data: { executed: Executed; issues?: readonly ParamsIssue[] } = error.issues === undefined
    ? { executed: error.executed }
    : { executed: error.executed, issues: error.issues };
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"error":{"code":${error.code},"message":${
    JSON.stringify(error.message)
  },"data":${JSON.stringify(data)}}}\n`;
}

/** The answers to a batch as one line, from their own lines. */
export function encodeBatch(lines: readonly string[]): string {
  return `[${lines.map((line) => line.slice(0, -1)).join(",")}]\n`;
}

function encodeId(id: Id): string {
  return typeof id === "string" ? JSON.stringify(id) : String(id);
}

/** Returns the line if it is short enough to be sent. */
function fitting(
  line: string,
  name: "InvalidParams" | "InternalError",
  subject: () => string,
): string {
  // No UTF-16 code unit takes more than three bytes, so the count is needed for long lines only.
  if (line.length * 3 > messageBytesMax) {
    const bytes = new TextEncoder().encode(line).length;
    if (bytes > messageBytesMax) {
      throw new RpcError(
        name,
        `${subject()} ${bytes} bytes long, and ${messageBytesMax} is the most`,
      );
    }
  }
  return line;
}

/** The error that an answer carries, ours or somebody else's, as the client's callers see it. */
export function toRpcError(error: WireError): RpcError {
  const data = errorData.safeParse(error.data);
  const { executed, issues } = data.success ? data.data : {};
  const name = errorNameOf(error.code);
  if (name !== undefined) return new RpcError(name, error.message, { executed, issues });
  // A code that we do not know says nothing of the execution, so retry must assume the worst.
  return new RpcError("InternalError", `${error.message} (code ${error.code})`, {
    executed: executed ?? "yes",
  });
}
