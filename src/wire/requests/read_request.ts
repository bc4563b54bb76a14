import { loadLater } from "../../base/system/load_later.ts";
import { readRequestFast } from "../fast_path.ts";
import type { Request } from "../message.ts";
import {
  type BadMessage,
  decodeLine,
  type LazyBatch,
  type Read,
  unexplained,
  withExactParams,
} from "./incoming.ts";
import { soundRequest } from "./request_checks.ts";

/** A message, or a promise of it where the schemas have to be loaded first. It never rejects. */
export type Incoming = Request | BadMessage | Promise<Request | BadMessage>;

/** The function that reads a value by the schemas, once it was loaded. */
let bySchema: Read<Request | BadMessage> | undefined;

/**
 * Reads a line as a server does: a request, a batch of them, or the error to answer with. For the
 * first message that is no request this returns a promise, since the schemas and zod have to be
 * loaded to tell what is wrong. Never throws.
 */
export function readRequest(line: string): Incoming | LazyBatch<Incoming> {
  return readRequestFast(line) ?? decodeLine(line, read);
}

function read(value: unknown, exact: unknown): Incoming {
  const sound = soundRequest(value);
  if (sound !== undefined) return withExactParams(sound, exact);
  return bySchema === undefined ? loadAndRead(value, exact) : bySchema(value, exact);
}

const loadSchemas = loadLater(() => import("./decode_request.ts"));

async function loadAndRead(value: unknown, exact: unknown): Promise<Request | BadMessage> {
  try {
    const { requestBySchema } = await loadSchemas();
    bySchema = requestBySchema;
    return requestBySchema(value, exact);
  } catch {
    // No file can be opened now, or the program has been replaced.
    return unexplained(value);
  }
}
