import { messageOf } from "../../base/errors.ts";
import { servicesReadAtOnceMax } from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import { type Discovery, type Instance, placeText, startText } from "../../discovery/discovery.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { printLine, printOnStderr, problemLine } from "../../terminal/stdout.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { unlessInterrupted } from "../process/unless_interrupted.ts";
import { plainLine, recordLine, toldText } from "../../base/values/plain_text.ts";
import { exitCodes } from "../../base/command_error.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openListedRegistry, openTransport } from "../registry.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { servicesFlags } from "./flags.ts";

/** Servers of a service that are asked for its methods at once. */
const serversAskedMax = 3;

/** Asks servers for the methods that the registry does not list. */
type Ask = (instances: readonly Instance[]) => Promise<readonly string[]>;

/** A service in the registry. */
interface Service {
  readonly service: string;
  readonly servers: number;
  /** How many of them are drained. */
  readonly drained: number;
  /** The methods of all servers together, as far as they are known. */
  readonly methods: readonly string[];
}

type Flags = CommandInput<typeof servicesFlags>["flags"];

/** `rpc services` */
export async function run(
  { flags }: CommandInput<typeof servicesFlags>,
): Promise<number> {
  const log = plainLogger(flags.verbose);
  const discovery = await openListedRegistry(flags, log);
  const interrupt = onInterrupt();
  try {
    return await unlessInterrupted(list(discovery, flags, log, interrupt.signal), interrupt.signal);
  } finally {
    interrupt.release();
    await discovery.close();
  }
}

async function list(
  discovery: Discovery,
  flags: Flags,
  log: Logger,
  signal: AbortSignal,
): Promise<number> {
  const ask = (instances: readonly Instance[]) => methodsOf(instances, flags, log);
  const { found, problems } = await servicesIn(discovery, ask, signal);
  const shown = flags.all ? found : found.filter(({ servers }) => servers > 0);
  if (flags.json) { for (const service of shown) printLine(recordLine(service)); }
  else if (shown.length > 0) printLine(await toTable(shown));
  else {
    printOnStderr(
      `rpc: No service has a server in the registry ${placeText(discovery)}; ` +
        startText(discovery.url),
    );
  }
  for (const problem of problems) printOnStderr(problemLine(plainLine(toldText(problem))));
  return problems.length === 0 ? exitCodes.success : exitCodes.failure;
}

/** Reads all services, some at once. One that cannot be read does not stop the others. */
async function servicesIn(
  discovery: Discovery,
  ask: Ask,
  signal: AbortSignal,
): Promise<{ readonly found: readonly Service[]; readonly problems: readonly string[] }> {
  const names = (await discovery.services()).values();
  const found: Service[] = [];
  const problems: string[] = [];
  const readOn = async () => {
    for (const name of names) {
      try {
        const service = await read(discovery, name, ask, signal);
        if (service !== undefined) found.push(service);
      } catch (error) {
        problems.push(`${name}: ${messageOf(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: servicesReadAtOnceMax }, readOn));
  found.sort((one, other) => one.service < other.service ? -1 : 1);
  return { found, problems };
}

async function read(
  discovery: Discovery,
  service: string,
  ask: Ask,
  signal: AbortSignal,
): Promise<Service | undefined> {
  for await (const { instances } of snapshots(discovery, service, signal)) {
    const listed = [...new Set(instances.flatMap(({ methods }) => methods))];
    return {
      service,
      servers: instances.length,
      drained: instances.filter(({ drained }) => drained).length,
      methods: (listed.length > 0 ? listed : await ask(instances)).toSorted(),
    };
  }
  return undefined;
}

/**
 * The methods of the first server that answers. Servers with keys do not list theirs in ZooKeeper,
 * and tell them only to who may know.
 */
async function methodsOf(
  instances: readonly Instance[],
  flags: Flags,
  log: Logger,
): Promise<readonly string[]> {
  const keyed = instances.filter(({ cluster }) => cluster !== undefined).slice(0, serversAskedMax);
  if (keyed.length === 0) return [];
  try {
    const { documentOf } = await import("../../library/survey/discover.ts");
    const transport = await openTransport(flags, log);
    const document = await Promise.any(keyed.map((one) => documentOf(one, transport)));
    return document?.methods.map(({ name }) => name) ?? [];
  } catch {
    return [];
  }
}

async function toTable(services: readonly Service[]): Promise<string> {
  const { printedTable } = await import("../../terminal/table.ts");
  return printedTable<Service>(
    [
      { head: "service", cell: ({ service }) => plainLine(service), cutTo: 20 },
      {
        head: "servers",
        cell: ({ servers, drained }) => `${servers}${drained > 0 ? ` (${drained} drained)` : ""}`,
      },
      { head: "methods", cell: ({ methods }) => plainLine(methods.join(", ")) || "-", cutTo: 12 },
    ],
    services,
  );
}
