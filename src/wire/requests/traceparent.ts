/**
 * A call's place in a trace, as https://www.w3.org/TR/trace-context/ writes it. In later versions
 * the first four fields stay the same.
 */
export const traceparentPattern: RegExp =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|(?<!^00.{53})-)/;
