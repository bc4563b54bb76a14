import assert from "node:assert/strict";

/** What depends on how busy the machine is, and not on the program. */
const aboutSpeed = /times\s+the\s+calls\s+a\s+second|of the speed that one had alone/;

/**
 * A demo ended as it should: what fell short in it is the machine's speed at the most. Returns the
 * numbers of the scenarios that did.
 */
export function assertDemoWent(code: number, stdout: string, stderr: string): ReadonlySet<number> {
  const short = stdout.split("\n").filter((line) => line.includes("✗ fell short"));
  assert.deepEqual(short.filter((line) => !aboutSpeed.test(line)), [], stdout + stderr);
  assert.equal(code, short.length === 0 ? 0 : 1, stdout + stderr);
  return new Set(short.map((line) => parseInt(line)));
}
