import { messageOf } from "../../base/errors.ts";
import { servicesReadAtOnceMax } from "../limits.ts";
import { type Discovery, placeText } from "../../discovery/discovery.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { problemLine } from "../../terminal/colour.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { jsonLine, plainLine } from "../../terminal/plain_text.ts";
import { printLine, printOnStderr } from "../../terminal/stdout.ts";
import { exitCodes } from "../exit_codes.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openListedRegistry } from "../registry.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { servicesFlags } from "./flags.ts";

/** A service in the registry. */
interface Service {
  readonly service: string;
  readonly servers: number;
  /** How many of them are drained. */
  readonly drained: number;
  /** The methods of all servers together, as far as the registry lists them. */
  readonly methods: readonly string[];
}

/** `rpc services` */
export async function run(
  { flags }: CommandInput<typeof servicesFlags>,
): Promise<number> {
  const log = plainLogger(flags.verbose);
  const discovery = await openListedRegistry(flags, log);
  const interrupt = onInterrupt();
  try {
    const { found, problems } = await servicesIn(discovery, interrupt.signal);
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    const shown = flags.all ? found : found.filter(({ servers }) => servers > 0);
    if (flags.json) { for (const service of shown) printLine(jsonLine(service)); }
    else if (shown.length > 0) printLine(await toTable(shown));
    else {
      printOnStderr(
        `rpc: No service has a server in the registry ${placeText(discovery)}; ` +
          "start one: rpc serve 127.0.0.1 0",
      );
    }
    for (const problem of problems) printOnStderr(problemLine(plainLine(problem)));
    return problems.length === 0 ? exitCodes.success : exitCodes.failure;
  } finally {
    interrupt.release();
    await discovery.close();
  }
}

/** Reads all services, some at once. One that cannot be read does not stop the others. */
async function servicesIn(
  discovery: Discovery,
  signal: AbortSignal,
): Promise<{ readonly found: readonly Service[]; readonly problems: readonly string[] }> {
  const names = (await discovery.services()).values();
  const found: Service[] = [];
  const problems: string[] = [];
  const readOn = async () => {
    for (const name of names) {
      try {
        const service = await read(discovery, name, signal);
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
  signal: AbortSignal,
): Promise<Service | undefined> {
  for await (const { instances } of snapshots(discovery, service, signal)) {
    return {
      service,
      servers: instances.length,
      drained: instances.filter(({ drained }) => drained).length,
      methods: [...new Set(instances.flatMap(({ methods }) => methods))].sort(),
    };
  }
  return undefined;
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
