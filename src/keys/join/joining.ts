import type { Clock } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";
import type { HostPort } from "../../base/names/host_port.ts";
import { createRequest, isSignedBy } from "../authority.ts";
import { clusterOf } from "../certificate.ts";
import { joinLabels, type JoinRequest, readJsonLine, writeJsonLine } from "./lines.ts";
import { type Keys, keysOf } from "../keys.ts";
import { isOfToken, isProof, proofOf, type Token } from "./token.ts";

/** Where the inviter waits, also as the user wrote it. */
type Place = HostPort & { readonly text: string };

/** How long the inviter may take. */
const joinTimeoutMs = 10_000;

/**
 * Joins the cluster of a token, and returns this machine's keys in it. The private key is made here
 * and never sent.
 *
 * @param mayDiffer whether the inviter may choose another name where this one is taken
 * @throws {CommandError} it failed, or the answer is not of who made the token
 */
export async function join(
  place: Place,
  token: Token,
  name: string,
  clock: Clock,
  mayDiffer = false,
): Promise<Keys> {
  const { request, privateKey } = await createRequest(name);
  const proof = proofOf(token, joinLabels.request, name, request);
  const answer = await ask(place, { name, request, proof, mayDiffer }, clock);
  if (typeof answer["error"] === "string") {
    throw new CommandError(`Cannot join: ${answer["error"]}`);
  }
  const { body } = answer;
  if (
    typeof body !== "string" ||
    !isProof(answer["proof"], proofOf(token, joinLabels.answer, proof, body))
  ) {
    throw new CommandError(
      "Cannot join: the answer is not from who made the token; somebody may be in between",
    );
  }
  return await keysIn(body, privateKey, token);
}

async function ask(
  { host, port, text }: Place,
  line: JoinRequest,
  clock: Clock,
): Promise<Record<string, unknown>> {
  const abort = new AbortController();
  let connection: Deno.TcpConn | undefined;
  const timer = clock.after(joinTimeoutMs, () => {
    abort.abort();
    connection?.close();
  });
  try {
    connection = await Deno.connect({ hostname: host, port, signal: abort.signal });
    await writeJsonLine(connection, line);
    return await readJsonLine(connection);
  } catch (error) {
    const reason = abort.signal.aborted
      ? `no answer within ${joinTimeoutMs / 1_000} s`
      : messageOf(error);
    // An inviter that has answered ends, whether or not its answer has come.
    throw new CommandError(
      `Cannot join at ${text}: ${reason}; is rpc keys invite ${text} running there? ` +
        "If it has ended, its token is void: run it again",
    );
  } finally {
    timer.cancel();
    if (!abort.signal.aborted) connection?.close();
  }
}

async function keysIn(body: string, privateKey: string, token: Token): Promise<Keys> {
  const { authority, certificate } = JSON.parse(body) as Record<string, unknown>;
  if (typeof authority === "string" && typeof certificate === "string") {
    const isRight = isOfToken(clusterOf(authority), token) &&
      await isSignedBy(authority, certificate);
    if (isRight) return keysOf("the answer", { authority, certificate, privateKey });
  }
  throw new CommandError("Cannot join: the answer is not of the cluster that the token is of");
}
