/** How parsers are tried, all in the same way. */

import * as fc from "../support/fast_check.ts";
import { testSeed } from "../support/seed.ts";

/** How long each parser is tried, in milliseconds; 0: a fixed number of inputs. */
const durationMs = 1_000 * Number(Deno.env.get("RPC_TEST_FUZZ_SECONDS") ?? 0);

const inputsQuick = 5_000;

const draws = durationMs > 0 && Deno.env.get("RPC_TEST_SEED") === undefined;
const seed = draws ? Math.floor(Math.random() * 2 ** 31) : testSeed;
if (durationMs > 0) console.log(`RPC_TEST_SEED=${seed}`);

/** Runs a property on many inputs; what fails it is shrunk, and told with the seed. */
export function fuzz<Input>(
  name: string,
  inputs: fc.Arbitrary<Input>,
  property: (input: Input) => void | Promise<void>,
  /** What is done when the last input was tried. */
  after: () => Promise<void> | undefined = () => undefined,
  /** How many inputs are tried when no time is named: fewer of what takes long. */
  quick = inputsQuick,
): void {
  Deno.test(`whatever comes, ${name}`, async () => {
    let tried = 0;
    try {
      await fc.assert(
        fc.asyncProperty(inputs, async (input) => {
          tried++;
          await property(input);
        }),
        durationMs === 0 ? { seed, numRuns: quick } : {
          seed,
          numRuns: Number.MAX_SAFE_INTEGER,
          interruptAfterTimeLimit: durationMs,
          markInterruptAsFailure: false,
        },
      );
    } finally {
      if (durationMs > 0) console.log(`${tried} inputs`);
      await after();
    }
  });
}

/** Runs a parser that may throw errors of one class, and no others. */
export function mayThrow<Result>(
  allowed: new (...args: never[]) => Error,
  parse: () => Result,
): Result | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof allowed) return undefined;
    throw error;
  }
}
