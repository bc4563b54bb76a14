import {
  briefCallMs,
  briefInterruptMs,
  briefTimeoutMsMin,
  methodLengthMax,
} from "../../../base/limits.ts";
import { type Random, systemRandom } from "../../../base/random.ts";
import type { Instance } from "../../../discovery/discovery.ts";
import { listOnce } from "../../../discovery/local/list_once.ts";
import { parseRegistryUrl } from "../../../discovery/registry_url.ts";
import { hasKeyFiles, keysDirectory } from "../../../keys/files.ts";
import type { Interrupt } from "../../../terminal/interrupt.ts";
import { jsonLine, plainText } from "../../../terminal/plain_text.ts";
import { printLine } from "../../../terminal/stdout.ts";
import { exitCodes } from "../../exit_codes.ts";
import { mayTrace } from "../../process/tracing.ts";
import type { CommandInput } from "../../syntax/command.ts";
import { paramsMaker } from "../../syntax/params.ts";
import type { CallFlags, callFlags } from "../flags.ts";
import type { BegunCall } from "./begun_call.ts";
import { Exchange } from "./exchange.ts";
import type { Keyed } from "./keyed.ts";

/** Flags of a single call. With any other it is not brief, also with those that are yet to come. */
const flagsOfOne: ReadonlySet<string> = new Set<keyof CallFlags>([
  "registry",
  "service",
  "insecure",
  "params",
  "timeout",
  "wait",
  "messageMax",
  "balance",
  "subset",
  "raw",
]);

/** As the client's default, which would load the client (`streamCreditDefault`). */
const credit = 64;

/**
 * How long TLS with this machine's keys may take, in milliseconds: many times what it takes with a
 * server of this machine.
 */
const handshakeMs = 200;

/**
 * `rpc call <method> [args...]`. Most calls are one, of a server on this machine that answers at
 * once, and need little of the client: no list that changes, no other server, no second attempt.
 * Such a call is made here, with a third of the code to load. Whatever is not plain is left to the
 * client: from the start if nothing was sent, else it takes over the call with its connection, as
 * if it had begun them itself (docs/adr/0062).
 */
export async function run(input: CommandInput<typeof callFlags>): Promise<number> {
  const { flags, positionals: [method = "", ...args] } = input;
  if (!isBrief(input)) return await runAtLength(input);
  const params = paramsMaker(args, flags.params)(1);
  let interrupt: Promise<Interrupt> | undefined;
  const interruptible = () => interrupt ??= endingAtOnce();
  const reached = await reachedServer(flags, interruptible);
  if (reached === undefined) return await runAtLength(input, undefined, await interrupt);
  const { server, exchange } = reached;
  const answer = await exchange.greet(flags.messageMax)
    ? await exchange.call({ method, params, timeoutMs: flags.timeout, credit })
    : undefined;
  if (answer !== undefined) {
    exchange.close();
    printLine(await textOf(answer.result, flags));
    return exitCodes.success;
  }
  const { BegunCall } = await import("./begun_call.ts");
  return await runAtLength(input, new BegunCall(server, exchange.soFar), await interruptible());
}

/** Makes the calls as the client does. */
async function runAtLength(
  input: CommandInput<typeof callFlags>,
  begun?: BegunCall,
  interrupt?: Interrupt,
): Promise<number> {
  const { run } = await import("../call.ts");
  return await run(input, begun, interrupt);
}

/** Whether the command line asks for one call, and for nothing that only the client has. */
function isBrief(
  { flags, given, positionals: [method = "", ...args] }: CommandInput<typeof callFlags>,
): boolean {
  return [...given.keys()].every((key) => flagsOfOne.has(key)) &&
    flags.zone === "" && flags.timeout >= briefTimeoutMsMin && !mayTrace() &&
    method.length <= methodLengthMax &&
    // What stands in a file is read once, by whoever makes the call.
    ![...args, flags.params ?? ""].some((text) => text.includes("@"));
}

/** A server and a connection to it; `undefined` if that is left to the client, which tells why. */
async function reachedServer(
  flags: CallFlags,
  lasts: () => void,
): Promise<{ readonly server: Instance; readonly exchange: Exchange } | undefined> {
  try {
    const keyed = await keyedOf(flags);
    const server = chosen(await localServers(flags), keyed?.cluster, systemRandom);
    const exchange = server && await connected(server, keyed, lasts);
    return server && exchange && { server, exchange };
  } catch {
    // The client will come to the same, if it lasts.
    return undefined;
  }
}

/** Ctrl-C, which ends the process while there is no client that could do more. */
async function endingAtOnce(): Promise<Interrupt> {
  const { endAtInterrupt } = await import("../../../terminal/interrupt.ts");
  return endAtInterrupt();
}

/**
 * Resolves when a call has taken too long to be brief.
 *
 * @param lasts called when it has taken a while
 */
function timeToBeBrief(lasts: () => void): Promise<undefined> {
  return new Promise((resolve) =>
    after(briefInterruptMs, () => {
      lasts();
      after(briefCallMs - briefInterruptMs, () => resolve(undefined));
    })
  );
}

function after(delayMs: number, callback: () => void): void {
  // Its first timer takes less than that of `setTimeout`: see `brief_clock.ts`.
  AbortSignal.timeout(delayMs).onabort = callback;
}

/**
 * What this machine's keys ask for, if it has any and they are not to be ignored.
 *
 * @throws whatever is wrong with them
 */
async function keyedOf({ insecure }: CallFlags): Promise<Keyed | undefined> {
  const directory = insecure ? undefined : keysDirectory();
  if (directory === undefined || !hasKeyFiles(directory)) return undefined;
  const { gatherEntropy } = await import("../../../keys/tls/entropy.ts");
  gatherEntropy();
  const { openKeyed } = await import("./keyed.ts");
  return openKeyed(directory);
}

/** A connection to a server; `undefined` if that takes long. Rejects if it fails. */
async function connected(
  server: Instance,
  keyed: Keyed | undefined,
  lasts: () => void,
): Promise<Exchange | undefined> {
  if (keyed === undefined) return await Exchange.with(server, timeToBeBrief(lasts));
  const connection = await keyed.connect(server, AbortSignal.timeout(handshakeMs));
  return new Exchange(connection, timeToBeBrief(lasts));
}

/** The servers in a local registry; none if there is something to tell of it. */
async function localServers({ registry, service }: CallFlags): Promise<readonly Instance[]> {
  const url = parseRegistryUrl(registry);
  return url.kind === "local" ? await listOnce(url, service) : [];
}

/**
 * One of the servers by their weights, as all policies choose while none has calls; `undefined` if
 * there are others than those of the cluster, or with no cluster than open ones.
 */
function chosen(
  servers: readonly Instance[],
  cluster: string | undefined,
  random: Random,
): Instance | undefined {
  if (!servers.every((one) => one.secret === undefined && one.cluster === cluster)) {
    return undefined;
  }
  let left = random() * servers.reduce((sum, { weight }) => sum + weight, 0);
  return servers.find(({ weight }) => (left -= weight) < 0);
}

/** A result as `rpc call` prints it: for people or for programs. */
async function textOf(result: unknown, { raw }: CallFlags): Promise<string> {
  if (raw || !Deno.stdout.isTerminal()) return jsonLine(result);
  const { prettyText } = await import("../pretty.ts");
  return plainText(prettyText(result));
}
