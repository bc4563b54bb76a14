/**
 * Wire vectors: the files beside this one, read and compared. Each file explains its own format.
 */

import assert from "node:assert/strict";
import * as z from "zod";

const partSchema = z.union([
  z.string(),
  z.strictObject({ hex: z.string() }),
  z.strictObject({ repeat: z.string(), times: z.int() }),
]);

const answerSchema = z.strictObject({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.number(), z.null()]),
  result: z.unknown().optional(),
  error: z.strictObject({
    code: z.int(),
    message: z.string().min(1),
    data: z.object({
      executed: z.string().optional(),
      issues: z.array(z.object({ path: z.array(z.union([z.string(), z.number()])) })).optional(),
    }).optional(),
  }).optional(),
});

const vectorSchema = z.strictObject({
  name: z.string(),
  clauses: z.array(z.string().regex(/^P-\d+$/)),
  send: z.array(partSchema),
  answers: z.array(z.union([answerSchema, z.array(answerSchema)])),
  closes: z.boolean().optional(),
});

const fileSchema = z.object({ vectors: z.array(vectorSchema) });

/** Bytes to send to a server, and the lines that it answers with. */
export type Vector = z.output<typeof vectorSchema>;

type Answer = z.output<typeof answerSchema>;

/** Files with vectors for a server. */
export const requestFiles = ["json_rpc_specification", "framing", "requests"] as const;

/** The vectors of a file, in order. */
export function readVectors(file: typeof requestFiles[number]): Vector[] {
  const text = Deno.readTextFileSync(new URL(`./${file}.json`, import.meta.url));
  return fileSchema.parse(JSON.parse(text)).vectors;
}

/** The bytes that a vector sends. */
export function bytesOf({ send }: Vector): Uint8Array {
  const pieces = send.map((part) => {
    if (typeof part === "string") return new TextEncoder().encode(part);
    if ("hex" in part) return Uint8Array.fromHex(part.hex.replaceAll(" ", ""));
    return new TextEncoder().encode(part.repeat.repeat(part.times));
  });
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

/**
 * Compares the lines that came back with those that a vector expects.
 *
 * @param lines in any order, with or without their LF
 * @param where goes into the message, for example how the bytes were split
 */
export function assertAnswers(lines: readonly string[], vector: Vector, where: string): void {
  const actual = lines.map((line) => JSON.parse(line) as unknown);
  if (sameInAnyOrder(actual, vector.answers, sameLine)) return;
  const shown = lines.map((line) => line.slice(0, 300)).join("\n");
  assert.fail(
    `${vector.name}, ${where}: expected ${JSON.stringify(vector.answers)}, but got\n${shown}`,
  );
}

function sameLine(actual: unknown, expected: Answer | Answer[]): boolean {
  if (!Array.isArray(expected)) return sameAnswer(actual, expected);
  return Array.isArray(actual) && sameInAnyOrder(actual, expected, sameAnswer);
}

function sameAnswer(actual: unknown, expected: Answer): boolean {
  const parsed = answerSchema.safeParse(actual);
  if (!parsed.success) return false;
  const { error, ...rest } = parsed.data;
  const { error: expectedError, ...expectedRest } = expected;
  // Strict about which members there are: `result` beside `error` would be a fault.
  return isDeepEqual(rest, expectedRest) && "result" in rest === "result" in expectedRest &&
    sameError(error, expectedError);
}

function sameError(actual: Answer["error"], expected: Answer["error"]): boolean {
  if (actual === undefined || expected === undefined) return actual === expected;
  if (actual.code !== expected.code) return false;
  const { executed, issues } = expected.data ?? {};
  if (executed !== undefined && actual.data?.executed !== executed) return false;
  if (issues === undefined) return true;
  const paths = (list: readonly { path: unknown }[] | undefined) => list?.map(({ path }) => path);
  return isDeepEqual(paths(actual.data?.issues), paths(issues));
}

/** Whether each item of `expected` has one of `actual` to itself, and none is left over. */
function sameInAnyOrder<Expected>(
  actual: readonly unknown[],
  expected: readonly Expected[],
  same: (actual: unknown, expected: Expected) => boolean,
): boolean {
  const left = [...actual];
  for (const item of expected) {
    const index = left.findIndex((candidate) => same(candidate, item));
    if (index === -1) return false;
    left.splice(index, 1);
  }
  return left.length === 0;
}

function isDeepEqual(actual: unknown, expected: unknown): boolean {
  try {
    assert.deepStrictEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}
