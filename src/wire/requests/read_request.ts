import { RpcError } from "../../base/errors.ts";
import { readRequestFast } from "../fast_path.ts";
import type { Request } from "../message.ts";
import { BadMessage, decodeLine, type LazyBatch, type Read, withExactParams } from "./incoming.ts";
import { soundRequest } from "./request_checks.ts";

/** A message, or a promise of it where the schemas have to be loaded first. It never rejects. */
export type Incoming = Request | BadMessage | Promise<Request | BadMessage>;

/** What reads any value by the schemas, once it was needed. */
let bySchema: Read<Request | BadMessage> | undefined;

/**
 * Reads a line as a server does: a request, a batch of them, or the error to answer with. What is
 * sound beyond doubt is read at once. The first message that is not is a promise, since the
 * schemas, and zod with them, are loaded for it. Never throws.
 */
export function readRequest(line: string): Incoming | LazyBatch<Incoming> {
  return readRequestFast(line) ?? decodeLine(line, read);
}

function read(value: unknown, exact: unknown): Incoming {
  const sound = soundRequest(value);
  if (sound !== undefined) return withExactParams(sound, exact);
  return bySchema === undefined ? loadAndRead(value, exact) : bySchema(value, exact);
}

async function loadAndRead(value: unknown, exact: unknown): Promise<Request | BadMessage> {
  try {
    const { requestBySchema } = await import("./decode_request.ts");
    bySchema = requestBySchema;
    return requestBySchema(value, exact);
  } catch (cause) {
    // No file can be opened, say. Whoever sends it again may have more luck.
    const message = "Cannot look into a message that is no sound request";
    return new BadMessage(null, new RpcError("InternalError", message, { cause }));
  }
}
