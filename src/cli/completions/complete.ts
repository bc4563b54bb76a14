import { printLine } from "../../terminal/stdout.ts";
import { orAborted, systemClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/log.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Instance } from "../../discovery/discovery.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import type { Command, CommandInput } from "../syntax/command.ts";
import type { completeFlags } from "./flags.ts";
import { counted } from "../../terminal/figure_text.ts";
import { plainLine } from "../../base/values/plain_text.ts";
import { type Candidate, candidatesFor } from "./candidates.ts";
import { exitCodes } from "../../base/command_error.ts";
import type { Flags, FlagValues } from "../syntax/flags.ts";
import { shortIdOf } from "../pick_server.ts";
import { openCommandRegistry, openTransport } from "../registry.ts";
import { resolveFlags, settingsOf } from "../syntax/settings.ts";
import { snapshots } from "../../discovery/snapshots.ts";

/** How long a user who pressed Tab waits for a service at most. */
const patienceMs = 1_000;

/** Most candidates: a longer list helps nobody. */
const candidatesMax = 1_000;

/**
 * `rpc complete --current=<word> -- <words before>`, which the scripts of `rpc completions` run at
 * each Tab. It prints a line for each candidate, with its description after a tab, and `:files` if
 * names of files fit too. It never prints anything else.
 */
export async function run(input: CommandInput<typeof completeFlags>): Promise<number> {
  const { flags, positionals } = input;
  const commands = await input.loadCommands();
  const settings = settingsOf(commands);
  const { values, files } = await candidatesFor(
    { before: positionals, current: flags.current },
    {
      commands,
      settings,
      methods: (command, given) => ofService(command, given, settings, methodsIn),
      servers: (command, given) => ofService(command, given, settings, serversIn),
      zones: (command, given) => ofService(command, given, settings, zonesIn),
    },
  );
  const lines = values.map(({ value, description }) => `${value}\t${oneLine(description)}`);
  if (files) lines.push(":files");
  if (lines.length > 0) printLine(lines.join("\n"));
  return exitCodes.success;
}

/** Makes candidates of a list of servers. */
type Reader = (
  instances: readonly Instance[],
  isInsecure: boolean,
) => Promise<readonly Candidate[]>;

/** Candidates from the live service, if it answers quickly. Never prints or rejects. */
async function ofService(
  command: Command,
  given: ReadonlyMap<string, string>,
  settings: Flags,
  read: Reader,
): Promise<readonly Candidate[]> {
  const patience = new AbortController();
  const timer = systemClock.after(patienceMs, () => patience.abort());
  try {
    const { signal } = patience;
    const flags = resolveFlags(command, given, () => settings);
    return await orAborted(flags.then((values) => ask(values, read, signal)), signal);
  } catch {
    return [];
  } finally {
    timer.cancel();
  }
}

async function ask(
  { registry, service, insecure }: FlagValues<Flags>,
  read: Reader,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  if (typeof registry !== "string" || typeof service !== "string") return [];
  const discovery = await openCommandRegistry({ registry, service }, silentLogger);
  try {
    for await (const { instances } of snapshots(discovery, service, signal)) {
      return await read(instances, insecure === true);
    }
    return [];
  } finally {
    void discovery.close();
  }
}

/** The methods of the first server that answers; if none does, those in the registry. */
async function methodsIn(
  instances: readonly Instance[],
  isInsecure: boolean,
): Promise<readonly Candidate[]> {
  const transport = await openTransport({ insecure: isInsecure }, silentLogger);
  const asked = instances.slice(0, 3).map(async (instance) => {
    const document = await callOnce(instance, reservedMethods.discover, patienceMs / 2, {
      transport,
      clock: systemClock,
    });
    return methodsOf(document);
  });
  try {
    return await Promise.any(asked);
  } catch {
    const names = new Set(instances.flatMap(({ methods }) => methods));
    return [...names].filter(isHarmless).toSorted().slice(0, candidatesMax)
      .map((value) => ({ value, description: "" }));
  }
}

/** The addresses of the servers, with descriptions. */
function serversIn(instances: readonly Instance[]): Promise<readonly Candidate[]> {
  const found = instances.slice(0, candidatesMax).map((instance) => ({
    value: addressOf(instance),
    description: [shortIdOf(instance), instance.zone, instance.version].filter((one) => one !== "")
      .join(" "),
  }));
  return Promise.resolve(found.filter(({ value }) => isAddress(value)));
}

/** The zones of the servers, with their numbers of servers. */
function zonesIn(instances: readonly Instance[]): Promise<readonly Candidate[]> {
  const counts = new Map<string, number>();
  for (const { zone } of instances) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  const found = [...counts].filter(([zone]) => isHarmless(zone)).toSorted().slice(0, candidatesMax)
    .map(([value, count]) => ({ value, description: counted(count, "server") }));
  return Promise.resolve(found);
}

/** The names and summaries in an OpenRPC document, without a schema library: Tab must be quick. */
function methodsOf(document: unknown): readonly Candidate[] {
  const { methods } = (document ?? {}) as { readonly methods?: unknown };
  if (!Array.isArray(methods)) return [];
  const found = methods.slice(0, candidatesMax).flatMap((method: unknown) => {
    const { name, summary, description } = (method ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof name !== "string" || !isHarmless(name)) return [];
    const text = [summary, description].find((one) => typeof one === "string") ?? "";
    return [{ value: name, description: String(text) }];
  });
  return found.toSorted((one, other) => one.value < other.value ? -1 : 1);
}

/**
 * Whether a method's name has no special meaning in any shell, can be seen, and has no more than
 * 128 characters. Others are left out: names come from servers, and the completed line will be run.
 */
function isHarmless(name: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.:/-]{0,127}$/u.test(name) && plainLine(name) === name;
}

/** Whether a text from the registry is really an address. */
function isAddress(text: string): boolean {
  return /^[A-Za-z0-9_.:%[\]-]+$/.test(text);
}

// Texts from servers end up in a terminal.
function oneLine(text: string): string {
  return plainLine(text.split("\n", 1).join("").slice(0, 100));
}
