import { systemClock } from "../../base/clock.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Transport } from "../../client/transport.ts";
import type { Discovery, Instance } from "../../discovery/discovery.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { type Stats, statsSchema } from "../../wire/reports/stats.ts";
import { isScreen, printLine, printOnStderr } from "../../terminal/stdout.ts";
import type { Interrupt } from "../../terminal/interrupt.ts";
import { jsonLine, plainLine } from "../../terminal/plain_text.ts";
import { keysEndText } from "./keys_end.ts";
import { openReaderCheck } from "../../terminal/stdout_reader.ts";
import { exitCodes } from "../../base/command_error.ts";
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
  const output = new WatchOutput();
  const hasReaderGone = isLive ? () => false : openReaderCheck();
  const rows = new ServerRows({
    ask: (instance, saw) => statsOf(instance, flags, saw),
    clock: systemClock,
    onEvent: isLive
      ? () => draw()
      : (event) =>
        output.write(() =>
          printLine(flags.json ? jsonLine(eventJson(event)) : plainLine(eventLine(event)))
        ),
  });
  let isStale = false;
  let isInterrupted = false;
  const table = isLive
    ? await openTable((isLast, key) => {
      isInterrupted ||= key === "ctrl-c";
      if (isLast || isInterrupted) output.end();
      else draw();
    })
    : undefined;
  const draw = () =>
    output.write(() => {
      table?.draw(rows.all, { ...flags, isStale });
      return true;
    });
  const timer = systemClock.every(askPeriodMs, () => {
    if (hasReaderGone()) output.end();
    void rows.ask().then(draw);
  });
  const signal = AbortSignal.any([interrupt.signal, output.over]);
  try {
    draw();
    for await (const { instances, stale } of snapshots(discovery, flags.service, signal)) {
      if (stale && !isStale && !isLive) {
        printOnStderr("rpc: the registry cannot be asked: this is the last list known");
      }
      isStale = stale;
      // Not awaited, so that a hung server does not hold up the others.
      void rows.update(instances).then(draw);
    }
  } finally {
    timer.cancel();
    table?.close();
  }
  if (output.problem !== undefined) throw output.problem;
  return interrupt.signal.aborted || isInterrupted ? exitCodes.interrupted : exitCodes.success;
}

/** Where changes are written, until nobody reads them or they cannot be written. */
class WatchOutput {
  readonly #over = new AbortController();
  /** Why a change could not be written. */
  problem: unknown;

  /** Aborts when no further change will be written. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** @param write returns `false` if nobody reads any more */
  write(write: () => boolean): void {
    if (this.over.aborted) return;
    try {
      if (!write()) this.end();
    } catch (error) {
      this.problem = error;
      this.end();
    }
  }

  end(): void {
    this.#over.abort();
  }
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
  return statsSchema.parse(stats);
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
  if (state === "no answer") return `no answer: ${problem}`;
  const drained = instance.drained && state === "ready" ? "drained" : state;
  const answers = answerMs === undefined ? "" : `, answers in ${answerMs.toFixed(1)} ms`;
  const end = keysEndText(validToMs, systemClock.wallTimeMs());
  return `${drained}${answers}${end === undefined ? "" : `, ${end}`}`;
}
