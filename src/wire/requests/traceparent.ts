import { traceparentLengthMax } from "../../base/limits.ts";

/**
 * A call's place in a trace, as https://www.w3.org/TR/trace-context/ writes it. In later versions
 * the first four fields stay the same.
 */
export const traceparentPattern: RegExp =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|(?<!^00.{53})-)/;

/** Whether a value is such a place, and not too long. */
export function isTraceparent(value: unknown): value is string {
  return typeof value === "string" && value.length <= traceparentLengthMax &&
    traceparentPattern.test(value);
}
