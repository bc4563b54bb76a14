/** Long texts, by what is loaded once the first one comes: most clients never have any. */

import type { LentBytes } from "../../base/spare_buffers.ts";
import { loadLater } from "../../base/system/load_later.ts";
import { requestLine } from "../codec.ts";
import type { AnyLine, LineSplitter } from "../lines.ts";
import type { LongLine, Request, Response } from "../message.ts";
import { apartLength } from "../message_bound.ts";

type Texts = typeof import("./texts.ts");

let texts: Texts | undefined;
let isLoading = false;

/** {@link requestLine}, in which long texts are bytes already if they can be. */
export function requestLineOf(
  ...request: Parameters<Texts["requestLineOfTexts"]>
): string | LongLine {
  if (texts !== undefined) return texts.requestLineOfTexts(...request);
  const line = requestLine(...request);
  if (line.length >= apartLength) load();
  return line;
}

/** The lines that some bytes complete. Long ones stay bytes as soon as they can be read so. */
export function linesOf(splitter: LineSplitter, chunk: Uint8Array): AnyLine[] {
  if (splitter.partialBytes >= apartLength) load();
  return texts === undefined ? splitter.push(chunk) : splitter.pushLong(chunk);
}

/** A long text of an answer, and where its quote is; `undefined`: that remains to be seen. */
export function longTextAt(...place: Parameters<Texts["textAt"]>): ReturnType<Texts["textAt"]> {
  return texts?.textAt(...place);
}

/**
 * A long line that stayed bytes, which are let go of: as a message, or as its text.
 *
 * @throws {RpcError} ParseError: it is not UTF-8
 */
export function readLong(line: LentBytes): Response | Request | string {
  return (texts as Texts).readTextLine(line);
}

/** Loads what reads and prints messages that are longer than one string may be. */
export const loadLongest = loadLater(() => import("../longest/longest.ts"));

const loadTexts = loadLater(() => import("./texts.ts"));

function load(): void {
  if (texts !== undefined || isLoading) return;
  isLoading = true;
  // Without it all goes on as before. Where no file can be opened now, the next text tries again.
  void loadTexts()
    .then((loaded) => texts = loaded, () => {})
    .finally(() => isLoading = false);
}
