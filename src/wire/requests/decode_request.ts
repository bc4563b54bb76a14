import * as z from "zod";
import { Failure } from "../../base/errors.ts";
import { judged } from "../../base/values/judged.ts";
import type { Carrier } from "../json.ts";
import { type Id, idSchema, type Request, requestSchema } from "../message.ts";
import { BadMessage, decodeLine, LazyBatch, withExactParams } from "./incoming.ts";

const request = z.compile(requestSchema);
const id = z.compile(idSchema);

/**
 * Reads a line as a server does: a request, a batch of them, or the error to answer with, all by
 * the schemas. Never throws.
 */
export function decodeAnyRequest(
  line: string,
  carrier?: Carrier,
): Request | BadMessage | readonly (Request | BadMessage)[] {
  const message = decodeLine(line, requestBySchema, carrier);
  return message instanceof LazyBatch ? [...message] : message;
}

/**
 * Reads a JSON value as a request, or as the error to answer it with.
 *
 * @param exact the same value with numbers as they were written, if JavaScript changed any
 */
export function requestBySchema(value: unknown, exact: unknown): Request | BadMessage {
  const parsed = judged(request, value);
  if (parsed?.success) return withExactParams(parsed.data, exact);
  const [issue] = parsed?.error.issues ?? [];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` (${issue.path.join(".")})`;
  const message = `Cannot read the message as a JSON-RPC 2.0 request${where}: ${
    issue?.message ?? "an object stands in the place of a text or a number"
  }`;
  return new BadMessage(idOf(value), new Failure("InvalidRequest", message));
}

/** The id that a faulty request seems to have, so that its sender can tell which one failed. */
function idOf(value: unknown): Id {
  if (typeof value !== "object" || value === null || !("id" in value)) return null;
  return judged(id, value.id)?.data ?? null;
}
