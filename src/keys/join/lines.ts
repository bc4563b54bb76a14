/**
 * The messages by which a machine joins: one line to the inviter, one line back, and a last one
 * that says that it came.
 */

import { isObject } from "../../base/values/members.ts";
import { FirstLines } from "../../wire/first_lines.ts";

/** Longest line: a request and two certificates have three thousand bytes. */
const joinLineBytesMax = 16 * 1024;

/** The labels of the two proofs, so that neither can be used in the place of the other. */
export const joinLabels = { request: "rpc join request 1", answer: "rpc join answer 1" } as const;

/** What the machine that joins says. */
export interface JoinRequest {
  readonly name: string;
  /** PKCS #10 in PEM. */
  readonly request: string;
  readonly proof: string;
  /** Whether another name will do where this one is taken. Nothing proves it. */
  readonly mayDiffer?: boolean;
  /** Whether {@link JoinEnd} will follow. Nothing proves it. */
  readonly confirms?: boolean;
}

/** What it says last, once its keys are on its disk. Nothing proves it. */
interface JoinEnd {
  readonly hasKeys: true;
}

/** The answer: an error, or certificates as JSON and the proof that they are the inviter's. */
interface JoinAnswer {
  readonly error?: string;
  readonly body?: string;
  readonly proof?: string;
}

/** Reads the one line that a peer sends. @throws {Error} it is none */
export async function readJsonLine(connection: Deno.Conn): Promise<Record<string, unknown>> {
  const lines = new FirstLines(connection, joinLineBytesMax);
  const line = await lines.next();
  if (line === undefined && !lines.isTooLong) throw new Error("it hung up");
  try {
    const value: unknown = JSON.parse(line ?? "");
    if (isObject(value)) return value;
  } catch {
    // It is another program's.
  }
  throw new Error("it sent no line of a join");
}

/** Writes one line, whole. */
export async function writeJsonLine(
  connection: Deno.Conn,
  value: JoinRequest | JoinAnswer | JoinEnd,
): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
