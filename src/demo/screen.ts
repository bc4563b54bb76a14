import { styleText } from "node:util";
import { systemClock, type Timer } from "../base/clock.ts";
import { parseHostPort } from "../base/names/host_port.ts";
import { callOnce } from "../client/call_once.ts";
import { tcpTransport } from "../client/transport.ts";
import { reservedMethods } from "../wire/reserved.ts";
import { readStats } from "../wire/reports/stats.ts";
import { sharesOf } from "./figures.ts";
import {
  type DemoRecord,
  type DemoServerState,
  type DemoView,
  eventLine,
  scenarioTitles,
} from "./record.ts";
import { ellipsized, padded } from "../terminal/width.ts";
import { barOf, Screen, sparklineOf } from "../terminal/screen.ts";

const drawPeriodMs = 200;
const askPeriodMs = 500;
const askTimeoutMs = 1_000;

/** The span of time over which calls a second are measured. */
const windowMs = 1_000;

/** The span of time that each bar of the throughput stands for. */
const sparkMs = 500;

/** A demo on a terminal while it runs. */
export class DemoScreen implements DemoView {
  readonly #record: DemoRecord;
  readonly #screen = new Screen();
  readonly #timers: readonly Timer[];

  constructor(record: DemoRecord) {
    this.#record = record;
    this.#timers = [
      systemClock.every(drawPeriodMs, () => this.#draw()),
      systemClock.every(askPeriodMs, () => record.servers.forEach((server) => void ask(server))),
    ];
    this.#draw();
  }

  tell(): void {
    this.#draw();
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#screen.close();
  }

  #draw(): void {
    const { columns, rows } = this.#screen.size;
    this.#screen.draw(frameOf(this.#record, columns, rows));
  }
}

/** Asks a server how many calls it has under way. */
async function ask(server: DemoServerState): Promise<void> {
  const { host, port } = parseHostPort(server.address ?? "") ?? {};
  if (server.state !== "serving" || host === undefined || port === undefined) return;
  try {
    const deps = { transport: tcpTransport, clock: systemClock };
    const stats = await callOnce({ host, port }, reservedMethods.stats, askTimeoutMs, deps);
    server.inFlight = readStats(stats).inFlight;
  } catch {
    server.inFlight = undefined;
  }
}

/** The lines of one frame. */
export function frameOf(record: DemoRecord, columns: number, rows: number): string[] {
  const nowMs = record.nowMs;
  const title = record.phase === undefined
    ? "starting"
    : `scenario ${record.phase.scenario} of ${scenarioTitles.length}: ${
      scenarioTitles[record.phase.scenario - 1]
    }`;
  const barWidth = Math.min(40, Math.max(8, columns - 58));
  const head = [
    ellipsized(
      `${styleText("bold", "rpc demo")}  ${
        styleText("dim", `${(nowMs / 1_000).toFixed(1)} s`)
      }  ${title}`,
      columns,
    ),
    "",
    styleText(
      "dim",
      `${padded("server", 26)}${padded("calls/s", 9)}${padded("share", barWidth + 7)}in flight`,
    ),
    ...serverLines(record, nowMs, barWidth),
    "",
    ...clientLines(record, columns),
    "",
    `${styleText("dim", "calls/s")}  ${sparklineOf(throughput(record, columns - 10))}`,
    "",
  ];
  const room = Math.max(1, rows - head.length);
  return [...head, ...record.events.slice(-room).map((event) => coloured(event.kind, event))];
}

function coloured(kind: string, event: Parameters<typeof eventLine>[0]): string {
  const line = eventLine(event);
  if (kind === "join") return styleText("green", line);
  if (kind === "loss") return styleText("red", line);
  return kind === "scenario" ? styleText("bold", line) : line;
}

function serverLines(record: DemoRecord, nowMs: number, barWidth: number): string[] {
  const recent = record.calls.filter(({ atMs }) => atMs > nowMs - windowMs);
  return sharesOf(record.servers, recent).map(({ server, calls, share, percent: whole }) => {
    const name = padded(`${server.number}  ${server.address ?? "-"}`, 26);
    if (server.state !== "serving") {
      const colour = server.state === "starting" ? "yellow" : "red";
      return name + styleText(colour, server.state);
    }
    const perSecond = padded((calls * 1_000 / windowMs).toFixed(0).padStart(6), 9);
    const percent = `${whole} %`.padStart(6);
    return `${name}${perSecond}${barOf(share, barWidth)}${percent}${
      String(server.inFlight ?? "-").padStart(8)
    }`;
  });
}

/**
 * The clients of the current scenario: the client of the first has ended long before the others
 * begin.
 */
function clientLines(record: DemoRecord, columns: number): string[] {
  const latest = record.clients.at(-1)?.scenario;
  return record.clients.filter(({ scenario }) => scenario === latest).map((client) => {
    const { number, done, total, failed } = client;
    const errors = failed === 0 ? "" : `  ${styleText("red", `${failed} failed`)}`;
    const bar = barOf(done / total, Math.max(8, Math.min(40, columns - 40)));
    return `client ${number}  ${bar} ${done} ${done === 1 ? "call" : "calls"}${errors}`;
  });
}

function throughput(record: DemoRecord, count: number): number[] {
  const bins = new Array<number>(Math.floor(record.nowMs / sparkMs) + 1).fill(0);
  for (const { atMs } of record.calls) {
    const bin = Math.floor(atMs / sparkMs);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins.slice(-Math.max(1, count));
}
