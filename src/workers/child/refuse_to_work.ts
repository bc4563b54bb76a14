import { RpcError } from "../../base/errors.ts";
import { encodeError } from "../../wire/codec.ts";
import { LineSplitter } from "../../wire/lines.ts";
import { BadMessage } from "../../wire/requests/incoming.ts";
import { readRequest } from "../../wire/requests/read_request.ts";
import type { WorkerIo } from "./worker_stdio.ts";

/** Enough for `rpc.discover`, the first request of a server. */
const firstReadBytes = 4_096;

/**
 * The child's side of a worker that cannot work: it answers the first request, which asks for its
 * procedures, with the reason. The caller exits then.
 */
export async function refuseToWork(reason: string, io: WorkerIo): Promise<void> {
  const splitter = new LineSplitter();
  const buffer = new Uint8Array(firstReadBytes);
  while (true) {
    const length = await io.read(buffer);
    if (length === null) return;
    const [line] = splitter.push(buffer.subarray(0, length));
    if (line === undefined) continue;
    const request = typeof line === "string" ? await readRequest(line) : undefined;
    const isAsked = request !== undefined && !(request instanceof BadMessage) &&
      "method" in request;
    const id = isAsked ? request.id ?? null : null;
    let bytes = new TextEncoder().encode(encodeError(id, new RpcError("InternalError", reason)));
    while (bytes.length > 0) bytes = bytes.subarray(io.writeSync(bytes));
    return;
  }
}
