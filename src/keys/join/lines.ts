/** What goes over the network when a machine joins: one line there, one line back. */

/** Longest line: a request and two certificates have three thousand bytes. */
const joinLineBytesMax = 16 * 1024;

/** The labels of the two proofs: one can never be passed off as the other. */
export const joinLabels = { request: "rpc join request 1", answer: "rpc join answer 1" } as const;

/** What the machine that joins says. */
export interface JoinRequest {
  readonly name: string;
  /** PKCS #10 in PEM. */
  readonly request: string;
  readonly proof: string;
}

/** What it is answered: an error, or certificates as JSON and the proof of who sent them. */
export interface JoinAnswer {
  readonly error?: string;
  readonly body?: string;
  readonly proof?: string;
}

/** Reads the one line that a peer sends. @throws {Error} it is none */
export async function readJsonLine(connection: Deno.Conn): Promise<Record<string, unknown>> {
  const bytes = new Uint8Array(joinLineBytesMax);
  let length = 0;
  while (length < bytes.length) {
    const read = await connection.read(bytes.subarray(length));
    if (read === null) throw new Error("it hung up");
    length += read;
    const end = bytes.subarray(0, length).indexOf(0x0a);
    if (end === -1) continue;
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
    break;
  }
  throw new Error("it sent no line of a join");
}

/** Writes one line, whole. */
export async function writeJsonLine(
  connection: Deno.Conn,
  value: JoinRequest | JoinAnswer,
): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
