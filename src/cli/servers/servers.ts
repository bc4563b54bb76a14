import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { silentLogger } from "../../base/log.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Transport } from "../../client/transport.ts";
import { type Instance, noServerText, type Snapshot } from "../../discovery/discovery.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { serversFlags } from "./flags.ts";
import { painted, printLine, printOnStderr } from "../../terminal/stdout.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { unlessInterrupted } from "../process/unless_interrupted.ts";
import { exitCodes, UsageError } from "../../base/command_error.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { keysEndText } from "./keys_end.ts";
import { watchExpiry, watchRegistryExpiry } from "../../library/running/key_watch.ts";
import { openKeys, transportOf } from "../../library/own_keys.ts";
import { tendLater } from "../../library/tend_later.ts";
import { isOpen } from "../open.ts";
import { shortIdOf } from "../pick_server.ts";
import { openCommandRegistry } from "../registry.ts";
import { carryOut, orderOf } from "./order.ts";
import { plainLine, recordLine, toldText } from "../../base/values/plain_text.ts";
import { timeText } from "../../terminal/time_text.ts";
import { snapshots } from "../../discovery/snapshots.ts";

type Flags = CommandInput<typeof serversFlags>["flags"];

/** An instance, and whether it answers. */
interface Probed {
  readonly instance: Instance;
  /** Milliseconds until it answered, or why it did not. */
  readonly answer: number | string;
  /** When its certificate ends, in milliseconds since 1970 UTC, if it has one. */
  readonly validToMs: number | undefined;
}

/** `rpc servers` */
export async function run(
  { flags, positionals }: CommandInput<typeof serversFlags>,
): Promise<number> {
  const order = positionals.length === 0 ? undefined : orderOf(positionals);
  if (order !== undefined && flags.watch) {
    throw new UsageError(`Cannot ${order.action} and watch: leave --watch out`);
  }
  const log = plainLogger(flags.verbose);
  const keys = await openKeys(flags, log);
  if (keys !== undefined) watchExpiry(keys, systemClock, log).cancel();
  const transport = await transportOf(keys);
  const discovery = await openCommandRegistry(flags, log);
  const interrupt = onInterrupt();
  try {
    const shown = { ...flags, registry: discovery.url };
    if (order !== undefined) {
      const lists = snapshots(discovery, flags.service, interrupt.signal);
      const work = carryOut(order, lists, { ...shown, transport });
      return await unlessInterrupted(work, interrupt.signal);
    }
    if (!flags.watch) {
      const lists = snapshots(discovery, flags.service, interrupt.signal);
      const work = listOnce(lists, shown, transport, noServerText(flags.service, discovery));
      return await unlessInterrupted(work, interrupt.signal);
    }
    // The screen has the keys' ends of all servers, and no place for lines of the log.
    tendLater(keys, { discovery, service: flags.service, clock: systemClock }, silentLogger);
    const { watchServers } = await import("./watch.ts");
    return await watchServers(discovery, { ...shown, transport }, interrupt);
  } finally {
    interrupt.release();
    watchRegistryExpiry(discovery, systemClock, log).cancel();
    await discovery.close();
  }
}

async function listOnce(
  lists: AsyncIterable<Snapshot>,
  flags: Flags,
  transport: Transport,
  nobody: string,
): Promise<number> {
  for await (const { instances, stale } of lists) {
    if (stale) printOnStderr("rpc: the registry cannot be asked: this is the last list known");
    const servers = await Promise.all(
      instances.map((instance) => probe(instance, flags.timeout, transport)),
    );
    if (flags.json) { for (const server of servers) printLine(recordLine(toJson(server))); }
    else if (servers.length === 0) {
      printOnStderr(`rpc: ${nobody}`);
    } else printLine(await toTable(servers));
    const isAnswered = servers.some(({ answer }) => typeof answer === "number");
    return servers.length === 0 || isAnswered ? exitCodes.success : exitCodes.failure;
  }
  return exitCodes.interrupted;
}

async function probe(
  instance: Instance,
  timeoutMs: number,
  transport: Transport,
): Promise<Probed> {
  const startedAtMs = systemClock.now();
  let validToMs: number | undefined;
  try {
    await callOnce(instance, reservedMethods.ping, timeoutMs, {
      transport,
      clock: systemClock,
      connected: (duplex) => validToMs = duplex.validToMs,
    });
    return { instance, answer: systemClock.now() - startedAtMs, validToMs };
  } catch (error) {
    return { instance, answer: messageOf(error), validToMs };
  }
}

function toJson({ instance, answer, validToMs }: Probed): Record<string, unknown> {
  const answers = typeof answer === "number";
  const { secret: _, ...shown } = instance;
  return {
    address: addressOf(instance),
    ...shown,
    open: isOpen(instance),
    ...(validToMs === undefined ? {} : { validTo: new Date(validToMs).toISOString() }),
    answers,
    ...(answers ? { ms: Number(answer.toFixed(3)) } : { problem: answer }),
  };
}

function answerCell({ instance, answer, validToMs }: Probed): string {
  if (typeof answer !== "number") {
    return painted("red", plainLine(`no answer: ${toldText(answer)}`));
  }
  const end = keysEndText(validToMs, systemClock.wallTimeMs());
  const remarks = [
    ...(instance.drained ? ["drained"] : []),
    ...(isOpen(instance) ? ["open"] : []),
    ...(end === undefined ? [] : [end]),
  ];
  const time = painted("green", `answers in ${answer.toFixed(1)} ms`);
  return [time, ...remarks.map((remark) => painted("yellow", remark))].join(", ");
}

async function toTable(servers: readonly Probed[]): Promise<string> {
  const { printedTable } = await import("../../terminal/table.ts");
  return printedTable<Probed>(
    [
      {
        head: "address",
        cell: ({ instance }) => plainLine(addressOf(instance)),
        cutTo: 30,
      },
      { head: "id", cell: ({ instance }) => plainLine(shortIdOf(instance)) || "-", dispensable: 2 },
      { head: "weight", cell: ({ instance }) => String(instance.weight), dispensable: 1 },
      { head: "zone", cell: ({ instance }) => plainLine(instance.zone) || "-", dispensable: 3 },
      {
        head: "version",
        cell: ({ instance }) => plainLine(instance.version) || "-",
        dispensable: 4,
      },
      {
        head: "started",
        cell: ({ instance }) => timeText(instance.startedAtMs, "seconds"),
        dispensable: 5,
      },
      { head: "state", cell: answerCell },
    ],
    servers,
  );
}
