import { RpcError } from "../../src/base/errors.ts";
import { BatchLine } from "../../src/wire/batch.ts";
import { boundOfServer } from "../../src/wire/message_bound.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { decodeRequest } from "../support/decode_request.ts";
import { encodeError, encodeResult } from "../../src/wire/codec.ts";
import { LineSplitter } from "../../src/wire/lines.ts";
import type { Params, Request } from "../../src/wire/message.ts";

/**
 * The wire's whole path without a socket: bytes in, answer lines out. It knows the procedures that
 * the vectors assume and runs them on the spot, so that what is under test is the splitter and the
 * codec.
 */
export class ReferencePeer {
  readonly answers: string[] = [];
  readonly #splitter = new LineSplitter();

  /** Whether a server would close the connection now. */
  get closed(): boolean {
    return this.#splitter.overflowed;
  }

  push(bytes: Uint8Array): void {
    for (const line of this.#splitter.push(bytes)) {
      const answer = typeof line === "string" ? answerTo(line) : encodeError(null, line);
      if (answer !== undefined) this.answers.push(answer);
    }
  }
}

function answerTo(line: string): string | undefined {
  const incoming = decodeRequest(line);
  if (incoming instanceof BadMessage || !Array.isArray(incoming)) {
    return answer(incoming as BadMessage | Request);
  }
  const answers = new BatchLine(boundOfServer());
  for (const text of incoming.map(answer)) if (text !== undefined) answers.add(text);
  return answers.isEmpty ? undefined : answers.encode();
}

function answer(message: Request | BadMessage): string | undefined {
  if (message instanceof BadMessage) return encodeError(message.id, message.error);
  const { id } = message;
  try {
    const result = run(message.method, message.params ?? []);
    return id === undefined ? undefined : encodeResult(id, result);
  } catch (error) {
    const rpcError = error instanceof RpcError ? error : new RpcError("InternalError", "no luck");
    return id === undefined ? undefined : encodeError(id, rpcError);
  }
}

function run(method: string, params: Params): unknown {
  const values = Object.values(params);
  switch (method) {
    case "subtract":
      return subtract(params);
    case "sum":
      return (values as number[]).reduce((total, value) => total + value, 0);
    case "get_data":
      return ["hello", 5];
    case "echo":
      return values[0];
    case "fail":
      throw new Error("no luck");
    case "update":
    case "notify_hello":
    case "notify_sum":
      return undefined;
    default:
      throw new RpcError("MethodNotFound", `Cannot find ${method}`);
  }
}

function subtract(params: Params): number {
  const names = ["minuend", "subtrahend"];
  const keys = Array.isArray(params) ? params.map((_, index) => index) : Object.keys(params);
  const [minuend, subtrahend] = names.map((name, index) =>
    Array.isArray(params) ? params[index] as unknown : params[name]
  );
  const wrong = typeof minuend !== "number" ? 0 : typeof subtrahend !== "number" ? 1 : 2;
  if (wrong === 2 && keys.length === 2) return (minuend as number) - (subtrahend as number);
  const path = Array.isArray(params) ? [wrong] : [names[wrong] ?? keys[wrong] ?? ""];
  const issues = [{ path, message: "is not one number" }];
  throw new RpcError("InvalidParams", "Cannot call subtract: it takes two numbers", { issues });
}
