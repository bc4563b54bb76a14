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

/** What {@link join} can be told. */
interface JoinOptions {
  /** @default false */
  readonly mayDiffer?: boolean;
  /** @default nothing */
  readonly keep?: (keys: Keys) => void;
}

/** How long the inviter may take. */
const joinTimeoutMs = 10_000;

/**
 * Joins the cluster of a token, and returns this machine's keys in it. The private key is made here
 * and never sent.
 *
 * @param options.mayDiffer whether the inviter may choose another name where this one is taken
 * @param options.keep writes the keys down. Until that is done the token stays good for this name
 * @throws {CommandError} it failed, or the answer is not of who made the token
 */
export async function join(
  place: Place,
  token: Token,
  name: string,
  clock: Clock,
  { mayDiffer = false, keep = () => {} }: JoinOptions = {},
): Promise<Keys> {
  const { request, privateKey } = await createRequest(name);
  const proof = proofOf(token, joinLabels.request, name, request);
  const line = { name, request, proof, mayDiffer, confirms: true };
  const { answer, connection } = await ask(place, line, clock);
  using _ = connection;
  const keys = await read(answer, proof, privateKey, token);
  keep(keys);
  // If it is not heard, the inviter waits for nobody until its token is void.
  await writeJsonLine(connection, { hasKeys: true }).catch(() => {});
  return keys;
}

async function read(
  answer: Record<string, unknown>,
  proof: string,
  privateKey: string,
  token: Token,
): Promise<Keys> {
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

interface Answered {
  readonly answer: Record<string, unknown>;
  /** The caller closes it. */
  readonly connection: Deno.TcpConn;
}

async function ask(
  { host, port, text }: Place,
  line: JoinRequest,
  clock: Clock,
): Promise<Answered> {
  const abort = new AbortController();
  let connection: Deno.TcpConn | undefined;
  const timer = clock.after(joinTimeoutMs, () => {
    abort.abort();
    connection?.close();
  });
  try {
    connection = await Deno.connect({ hostname: host, port, signal: abort.signal });
    await writeJsonLine(connection, line);
    return { answer: await readJsonLine(connection), connection };
  } catch (error) {
    const reason = abort.signal.aborted
      ? `no answer within ${joinTimeoutMs / 1_000} s`
      : messageOf(error);
    if (!abort.signal.aborted) connection?.close();
    // An inviter that has answered ends, whether or not its answer has come.
    throw new CommandError(
      `Cannot join at ${text}: ${reason}; is rpc keys invite ${text} running there? ` +
        "If it has ended, its token is void: run it again",
    );
  } finally {
    timer.cancel();
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
