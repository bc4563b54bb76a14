import { RpcError } from "../../base/errors.ts";
import { isChangedId } from "../../base/values/exact_numbers.ts";
import { type Carrier, exactJson, parseJson } from "../../wire/json.ts";

/** The part of a message of the Model Context Protocol that is read here. */
export interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: {
    readonly requestId?: unknown;
    readonly arguments?: unknown;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
}

/**
 * Reads a message. The arguments of a tool stay as they were written: the SDK would round an
 * integer past 2^53. Never throws.
 */
export function messageOf(text: string, carrier: Carrier): Message | RpcError {
  const value = parseJson(text, carrier);
  if (value instanceof RpcError) return value;
  // The protocol has no batches since June 2025.
  if (Array.isArray(value)) return invalid("Cannot take a batch: send one message");
  if (typeof value !== "object" || value === null) {
    return invalid("Cannot read what is no message of MCP");
  }
  const { id, method, params } = value as Message;
  const exact = exactJson(text) as Message | undefined;
  const isId = typeof id === "string" || (Number.isSafeInteger(id) && !isChangedId(exact?.id));
  // The SDK ignores such messages, and their sender would wait.
  if (Object.hasOwn(value, "id") && !isId) {
    return invalid("Cannot answer under an id that is no text and no integer up to 2^53 - 1");
  }
  if (method !== "tools/call" || params?.arguments === undefined) return value;
  // Programs in Go write an empty map like this.
  if (params.arguments === null) return { ...value, params: { ...params, arguments: {} } };
  return exact === undefined
    ? value
    : { ...value, params: { ...params, arguments: exact.params?.arguments } };
}

function invalid(message: string): RpcError {
  return new RpcError("InvalidRequest", message);
}
