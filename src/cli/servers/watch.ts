import { aborted, systemClock } from "../../base/clock.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Transport } from "../../client/transport.ts";
import type { Discovery, Instance } from "../../discovery/discovery.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { readStats, type Stats } from "../../wire/reports/stats.ts";
import { isScreen, printOnStderr } from "../../terminal/stdout.ts";
import type { Interrupt } from "../../terminal/interrupt.ts";
import { plainLine, recordLine, toldText } from "../../base/values/plain_text.ts";
import { ResultWriter } from "../../terminal/result_writer.ts";
import { lastResultsMs } from "../limits.ts";
import { keysEndText } from "./keys_end.ts";
import { openReaderCheck } from "../../terminal/stdout_reader.ts";
import { CommandError, exitCodes } from "../../base/command_error.ts";
import { type ServerEvent, type ServerRow, ServerRows } from "../../library/survey/server_rows.ts";

/** The flags that matter to a watch. */
interface WatchFlags {
  readonly registry: string;
  readonly service: string;
  readonly timeout: number;
  readonly json: boolean;
  readonly transport: Transport;
}

/** How often servers are asked for their state. */
const askPeriodMs = 1_000;

/**
 * Follows a service until Ctrl-C or until nobody reads: as a live table on a terminal, else with a
 * line for each change.
 *
 * @throws {CommandError} a change cannot be written
 */
export async function watchServers(
  discovery: Discovery,
  flags: WatchFlags,
  interrupt: Interrupt,
): Promise<number> {
  const isLive = !flags.json && isScreen(Deno.stdout);
  const over = new AbortController();
  const writer = new ResultWriter<undefined>({ onOver: () => over.abort() });
  const hasReaderGone = isLive ? () => false : openReaderCheck();
  const rows = new ServerRows({
    ask: (instance, saw) => statsOf(instance, flags, saw),
    clock: systemClock,
    onEvent: isLive ? () => draw() : (event) =>
      writer.line(
        flags.json ? recordLine(eventJson(event)) : plainLine(eventLine(event)),
        undefined,
      ),
  });
  let isStale = false;
  let isInterrupted = false;
  const table = isLive
    ? await openTable((isLast, key) => {
      isInterrupted ||= key === "ctrl-c";
      if (isLast || isInterrupted) over.abort();
      else draw();
    })
    : undefined;
  let undrawn: unknown;
  const draw = () => {
    if (over.signal.aborted) return;
    try {
      table?.draw(rows.all, { ...flags, isStale });
    } catch (error) {
      undrawn = error;
      over.abort();
    }
  };
  const timer = systemClock.every(askPeriodMs, () => {
    if (hasReaderGone()) over.abort();
    if (!writer.isBehind) void rows.ask().then(draw);
  });
  const signal = AbortSignal.any([interrupt.signal, over.signal]);
  try {
    draw();
    for await (const { instances, stale } of snapshots(discovery, flags.service, signal)) {
      if (stale && !isStale && !isLive) {
        printOnStderr("rpc: the registry cannot be asked: this is the last list known");
      }
      isStale = stale;
      // Not awaited, so that a hung server does not hold up the others.
      void rows.update(instances).then(draw);
      // While nobody reads, no further list is taken up: what waits to be written stays bounded.
      if (writer.isBehind) await Promise.race([writer.keepingUp(), aborted(signal)]);
    }
  } finally {
    timer.cancel();
    table?.close();
    await writer.flushedWithin(lastResultsMs);
  }
  if (undrawn !== undefined) throw undrawn;
  if (writer.problem !== undefined) throw new CommandError(writer.problem);
  return interrupt.signal.aborted || isInterrupted ? exitCodes.interrupted : exitCodes.success;
}

/** Asks a server. @param saw takes the end of its certificate, once there is a connection */
async function statsOf(
  instance: Instance,
  { timeout, transport }: WatchFlags,
  saw: (validToMs: number | undefined) => void,
): Promise<Stats> {
  const stats = await callOnce(instance, reservedMethods.stats, timeout, {
    transport,
    clock: systemClock,
    connected: ({ validToMs }) => saw(validToMs),
  });
  return readStats(stats);
}

async function openTable(pressed: (isLast: boolean, key: string) => void) {
  const { ServersTable } = await import("./table.ts");
  return new ServersTable(pressed);
}

/** A change for programs. */
export function eventJson({ event, row }: ServerEvent): Record<string, unknown> {
  const { instance, state, answerMs, problem, validToMs, stats, callsPerSecond } = row;
  const { secret: _, ...shown } = instance;
  return {
    event,
    address: addressOf(instance),
    ...shown,
    state: event === "gone" ? "gone" : state,
    answers: event !== "gone" && state !== "no answer",
    ...(answerMs === undefined ? {} : { ms: Number(answerMs.toFixed(3)) }),
    ...(validToMs === undefined ? {} : { validTo: new Date(validToMs).toISOString() }),
    ...(problem === undefined || event === "gone" ? {} : { problem }),
    ...(stats === undefined ? {} : {
      callsPerSecond: Number((callsPerSecond ?? 0).toFixed(1)),
      inFlight: stats.inFlight,
      workers: stats.workers,
    }),
  };
}

function eventLine({ event, row }: ServerEvent): string {
  const sign = { here: "+", changed: "~", gone: "-" }[event];
  const words = event === "gone" ? "" : `  ${stateText(row)}`;
  return `${sign} ${addressOf(row.instance)}  ${row.instance.id}${words}`;
}

/** A server's state in words. */
function stateText({ instance, state, answerMs, problem, validToMs }: ServerRow): string {
  if (state === undefined) return "asking";
  if (state === "no answer") return `no answer: ${toldText(problem ?? "")}`;
  const drained = instance.drained && state === "ready" ? "drained" : state;
  const answers = answerMs === undefined ? "" : `, answers in ${answerMs.toFixed(1)} ms`;
  const end = keysEndText(validToMs, systemClock.wallTimeMs());
  return `${drained}${answers}${end === undefined ? "" : `, ${end}`}`;
}
