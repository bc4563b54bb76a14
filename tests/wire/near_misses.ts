/** Lines that nearly have the form of ours, and what they are read as. */

import assert from "node:assert/strict";
import { callTimeoutMsMax } from "../../src/base/limits.ts";
import { RpcError } from "../../src/base/errors.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import type { decodeRequest } from "../support/decode_request.ts";
import * as fc from "../support/fast_check.ts";

/** How often a property is tried. */
export const runs = { numRuns: 3_000 };
/** Ids as ours. */
export const ids = fc.nat({ max: Number.MAX_SAFE_INTEGER });
/** Names of methods, also such as nobody has. */
export const methods = fc.oneof(
  fc.constantFrom("ping", "fib", "größe", 'a"b', "a\\b"),
  fc.string(),
);
/** How long a call has. */
export const timeouts = fc.option(fc.integer({ min: 0, max: callTimeoutMsMax }), {
  nil: undefined,
});

/**
 * Lines that nearly have our form: one of ours, with a few characters taken out, put in or doubled.
 */
export function almost(
  line: string,
  edits: readonly (readonly [number, number, string])[],
): string {
  let text = line.slice(0, -1);
  for (const [at, removed, put] of edits) {
    const start = at % (text.length + 1);
    text = text.slice(0, start) + put + text.slice(start + removed);
  }
  return text;
}

/** What is done to a line. */
export const edits = fc.array(
  fc.tuple(
    fc.nat({ max: 10_000 }),
    fc.nat({ max: 3 }),
    fc.oneof(
      fc.constantFrom(
        "",
        "0",
        "1e3",
        "-",
        ".",
        " ",
        '"',
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\r",
        "\u0001",
      ),
      fc.constantFrom(
        ',"meta":{"timeoutMs":5}',
        ',"result":1',
        ',"id":2',
        ',"params":[]',
        '"__proto__":1',
      ),
    ),
  ),
  { maxLength: 3 },
);

/** Errors by what a peer sees of them. */
export function comparable(incoming: ReturnType<typeof decodeRequest>): unknown {
  if (Array.isArray(incoming)) return incoming.map(comparable);
  if (!(incoming instanceof BadMessage)) return incoming;
  return { id: incoming.id, name: incoming.error.name, message: incoming.error.message };
}

/** What reading a line comes to, an error by what a peer sees of it. */
export function outcomeOf(decode: (line: string) => unknown, line: string): unknown {
  try {
    return decode(line);
  } catch (error) {
    assert.ok(error instanceof RpcError);
    return { name: error.name, message: error.message };
  }
}
