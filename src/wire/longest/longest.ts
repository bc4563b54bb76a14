/**
 * Messages longer than one string may be (docs/adr/0075-the-longest-messages-in-pieces.md): to load
 * this module is to have them read and printed.
 */

import { errorTable, Failure, RpcError } from "../../base/errors.ts";
import type { LentBytes } from "../../base/spare_buffers.ts";
import { replyOf } from "../codec.ts";
import { type ReadOptions, type Refusal, useLongest } from "../json.ts";
import type { Request, Response } from "../message.ts";
import { soundRequest } from "../requests/request_checks.ts";
import { idAtBeginning } from "../unread/frames.ts";
import { printPieces } from "./print_pieces.ts";
import { readPieces, UnheldError } from "./read_pieces.ts";

function readRequest(line: LentBytes, options?: ReadOptions): Request | Refusal {
  try {
    const request = soundRequest(readPieces(line.bytes, options));
    if (request !== undefined) return request;
    const text = "Cannot read the message as a JSON-RPC 2.0 request";
    return { id: null, error: new Failure("InvalidRequest", text) };
  } catch (error) {
    const id = idAtBeginning(line);
    if (!(error instanceof UnheldError)) return { id, error: RpcError.from(error) };
    const text = `Cannot take the parameters: they have ${error.message}`;
    return { id, error: new Failure("InvalidParams", text, "no") };
  }
}

function readReply(line: LentBytes, options?: ReadOptions): Response | Request {
  try {
    // Its numbers are exact already.
    return replyOf(readPieces(line.bytes, options), undefined);
  } catch (error) {
    const id = idAtBeginning(line);
    if (!(error instanceof UnheldError) || id === null) throw error;
    const message = `Cannot take the result: it has ${error.message}`;
    const { code } = errorTable.InternalError;
    return { jsonrpc: "2.0", id, error: { code, message, data: { executed: "yes" } } };
  }
}

useLongest({
  readRequest,
  readReply,
  print: (value, levels, bytesMax, dressed) => printPieces(value, { levels, bytesMax, dressed }),
});
