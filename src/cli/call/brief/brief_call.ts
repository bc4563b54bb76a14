import {
  briefCallMs,
  briefHandshakeMs,
  briefTimeoutMsMin,
  methodLengthMax,
} from "../../../base/limits.ts";
import { addressOf } from "../../../base/names/host_port.ts";
import { type Random, systemRandom } from "../../../base/random.ts";
import type { Duplex } from "../../../client/transport.ts";
import type { Instance } from "../../../discovery/discovery.ts";
import { listOnce } from "../../../discovery/local/scanner.ts";
import { parseRegistryUrl } from "../../../discovery/registry_url.ts";
import { ownKeysDirectory } from "../../../keys/files.ts";
import { endAtInterrupt, type Listening } from "../../../terminal/interrupt.ts";
import { jsonLine, plainText } from "../../../base/values/plain_text.ts";
import { printLine } from "../../../terminal/stdout.ts";
import { exitCodes } from "../../../base/command_error.ts";
import { mayTrace } from "../../process/tracing.ts";
import type { CommandInput } from "../../syntax/command.ts";
import { paramsMaker } from "../../syntax/params.ts";
import type { CallFlags, callFlags } from "../flags.ts";
import type { Begun } from "./begun.ts";
import { connectPlainly, Exchange } from "./exchange.ts";
import type { Keyed } from "./keyed.ts";

// What these load in turn is named here, too: see `cli/main.ts`.
import "../../../base/values/exact_numbers.ts";
import "../../../base/values/members.ts";
import "../../../discovery/instance_json.ts";
import "../../../wire/exact_json.ts";
import "../../../wire/fast_path.ts";
import "../../../wire/nesting.ts";
import "../../../wire/reserved.ts";
import "../../syntax/shell_word.ts";

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
  "quiet",
  "json",
]);

/** As the client's default, which would load the client (`streamCreditDefault`). */
const credit = 64;

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
  const begunAtMs = performance.now();
  // A busy machine may have had this process wait for longer, which is not the server's fault.
  const takenMs = () =>
    Math.round(Math.min(performance.now() - begunAtMs, briefHandshakeMs + briefCallMs));
  const reached = await reachedServer(flags);
  if (reached === undefined) return await runAtLength(input);
  const { server, connecting, connection, late } = reached;
  if (connection === undefined) {
    const { BegunConnection } = await import("./begun_connection.ts");
    return await runAtLength(input, new BegunConnection(server, connecting, takenMs()));
  }
  const exchange = new Exchange(connection, late);
  const greeting = exchange.greet(flags.messageMax);
  // Listened to while the server answers, so that a call that may run ends as with a client.
  const listening = endAtInterrupt();
  const answer = await greeting
    ? await exchange.call({ method, params, timeoutMs: flags.timeout - takenMs(), credit })
    : undefined;
  if (answer !== undefined) {
    const durationMs = performance.now() - begunAtMs;
    exchange.close();
    const line = flags.json
      ? reportOf(answer.result, server, durationMs)
      : await textOf(answer.result, flags);
    if (!flags.quiet) printLine(line);
    return exitCodes.success;
  }
  const taken = takenMs();
  const { BegunCall } = await import("./begun_call.ts");
  return await runAtLength(input, new BegunCall(server, exchange.soFar, taken), listening);
}

/** Makes the calls as the client does. */
async function runAtLength(
  input: CommandInput<typeof callFlags>,
  begun?: Begun,
  listening?: Listening,
): Promise<number> {
  const { run } = await import("../call.ts");
  return await run(input, begun, listening);
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

/** A server that is connected to. */
interface Reached {
  readonly server: Instance;
  readonly connecting: Promise<Duplex>;
  /** `undefined`: it takes long. */
  readonly connection: Duplex | undefined;
  /** Resolves when the call has taken too long to be brief. */
  readonly late: Promise<undefined>;
}

/** A server and a connection to it; `undefined` if that is left to the client, which tells why. */
async function reachedServer(flags: CallFlags): Promise<Reached | undefined> {
  try {
    const keyed = await keyedOf(flags);
    const server = chosen(await localServers(flags), keyed?.cluster, systemRandom);
    if (server === undefined) return undefined;
    if (keyed === undefined) {
      const [connecting, late] = [connectPlainly(server), passed(briefCallMs)];
      return { server, connecting, connection: await Promise.race([connecting, late]), late };
    }
    const connecting = keyed.connect(server);
    const connection = await Promise.race([connecting, passed(briefHandshakeMs)]);
    return { server, connecting, connection, late: passed(briefCallMs) };
  } catch {
    // The client will come to the same, if it lasts.
    return undefined;
  }
}

/**
 * Resolves after a time. It does not keep the process alive. No other timer is as quick when it is
 * the first of a process: see `brief_clock.ts`.
 */
async function passed(timeMs: number): Promise<undefined> {
  await Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeMs).value;
}

/**
 * What this machine's keys ask for, if it has any and they are not to be ignored.
 *
 * @throws whatever is wrong with them
 */
async function keyedOf({ insecure }: CallFlags): Promise<Keyed | undefined> {
  const directory = insecure ? undefined : ownKeysDirectory();
  if (directory === undefined) return undefined;
  const { gatherEntropy } = await import("../../../keys/tls/entropy.ts");
  gatherEntropy();
  const { openKeyed } = await import("./keyed.ts");
  return openKeyed(directory);
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

/** A result as `rpc call --json` prints that of its first call. */
function reportOf(result: unknown, server: Instance, durationMs: number): string {
  return jsonLine({ i: 1, result, server: addressOf(server), ms: Number(durationMs.toFixed(3)) });
}

/** A result as `rpc call` prints it: for people or for programs. */
async function textOf(result: unknown, { raw }: CallFlags): Promise<string> {
  if (raw || !Deno.stdout.isTerminal()) return jsonLine(result);
  const { prettyText } = await import("../pretty.ts");
  return plainText(prettyText(result));
}
