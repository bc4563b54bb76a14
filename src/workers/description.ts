import { documentBytesMax } from "../base/limits.ts";
import { byteLengthOf } from "../wire/codec.ts";

/** Why a worker is of no use whose description is longer than its server could send. */
export const tooLongDescription = "the description of its procedures is longer than " +
  `${documentBytesMax} bytes: offer fewer of them, or with shorter descriptions and schemas`;

/** Whether a worker's OpenRPC document, with what the server adds to it, would fit no message. */
export function isTooLongDescription(document: unknown): boolean {
  return byteLengthOf(JSON.stringify(document)) > documentBytesMax;
}
