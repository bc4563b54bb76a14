import { documentBytesMax } from "./limits.ts";
import { byteLengthOf } from "../wire/message_bound.ts";

/** The error of a worker whose description is too long for a message. */
export const tooLongDescription = "the description of its procedures is longer than " +
  `${documentBytesMax} bytes: offer fewer of them, or with shorter descriptions and schemas`;

/** Whether a worker's OpenRPC document, with the server's additions, would not fit a message. */
export function isTooLongDescription(document: unknown): boolean {
  return byteLengthOf(JSON.stringify(document)) > documentBytesMax;
}
