import assert from "node:assert/strict";
import type { decodeAnyRequest } from "../../src/wire/requests/decode_request.ts";
import { LazyBatch } from "../../src/wire/requests/incoming.ts";
import { readRequest } from "../../src/wire/requests/read_request.ts";

// The first line that only the schemas can read has them loaded: all later ones are read at once.
await readRequest("{}");

/** Reads a line as a server does, at once. */
export function decodeRequest(line: string): ReturnType<typeof decodeAnyRequest> {
  const read = readRequest(line);
  if (read instanceof LazyBatch) return [...read].map(atOnce);
  return atOnce(read);
}

function atOnce<Message>(message: Message | Promise<Message>): Message {
  assert.ok(!(message instanceof Promise));
  return message;
}
