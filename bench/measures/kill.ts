import type { CallReport } from "../../src/client/call_report.ts";
import type { Client } from "../../src/client/client.ts";
import { spreadOf } from "../result.ts";
import { ownClient, sleep } from "../support/rpc_client.ts";
import { startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import type { Measure } from "./measure.ts";
import { TappedTransport } from "./tapped_transport.ts";

const name = "kill";
const lastCall = "SIGKILL -> last call sent to the dead server";
const roundTrip = "median call before";
const connectionEnd = "SIGKILL -> the kernel ends its connection";
const afterEnd = "writes to it after that";
const slower = "slowest call sent again, less the median";

/** What one kill showed, in milliseconds. */
interface Kill {
  readonly lastCallMs: number;
  readonly roundTripMs: number;
  readonly connectionEndMs: number;
  readonly writesAfterEnd: number;
  /** `undefined` if no call was at the dead server. */
  readonly slowerMs: number | undefined;
  readonly failed: number;
}

/** How a client takes it when one of two servers dies under load. */
export const kill: Measure = {
  name,
  async run({ quick }) {
    const kills: Kill[] = [];
    for (let i = 0; i < (quick ? 1 : 10); i++) kills.push(await killOnce());
    const values = (of: (kill: Kill) => number | undefined) => kills.map(of).filter(isNumber);
    const failed = kills.reduce((sum, one) => sum + one.failed, 0);
    return {
      name,
      title: "SIGKILL of one of two servers under ping, 8 calls in flight",
      unit: "ms",
      better: "less",
      series: [
        { name: lastCall, values: values((one) => one.lastCallMs) },
        { name: roundTrip, values: values((one) => one.roundTripMs) },
        { name: connectionEnd, values: values((one) => one.connectionEndMs) },
        { name: afterEnd, unit: "writes", values: values((one) => one.writesAfterEnd) },
        { name: slower, values: values((one) => one.slowerMs) },
        {
          name: "failed calls",
          unit: "calls",
          values: kills.map((one) => one.failed),
        },
      ],
      targets: [
        { of: lastCall, is: "at most", bound: 1, times: roundTrip },
        { of: afterEnd, is: "at most", bound: 0 },
        { of: slower, is: "at most", bound: 10 },
      ],
      notes: [
        `Failed calls in ${kills.length} kills: ${failed}`,
        "Until the kernel has ended the dead server's connection, nobody can tell that it is dead",
      ],
    };
  },
};

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}

async function killOnce(): Promise<Kill> {
  await using registry = await temporaryRegistry();
  await using victim = await startRpcServer(registry.url, ["--workers", "1"]);
  await using _survivor = await startRpcServer(registry.url, [
    "--workers",
    "1",
  ]);
  const transport = new TappedTransport();
  await using own = await ownClient(registry.url, transport);
  const load = new ReportedLoad(own.client, 8);
  while (own.client.stats.connected < 2) await sleep(1);
  await sleep(500);

  const roundTripMs = load.medianMs();
  load.reports.length = 0;
  victim.kill();
  // When the signal is sent, which can take milliseconds, in which this process sends nothing else.
  const killedAtMs = performance.now();
  const tap = transport.taps.get(victim.port);
  while (tap?.endedAtMs === undefined) await sleep(1);
  await sleep(100);
  await load.stop();

  const again = load.reports.filter(({ attempts }) => attempts > 1);
  return {
    lastCallMs: tap.lastWriteAtMs - killedAtMs,
    roundTripMs,
    connectionEndMs: tap.endedAtMs - killedAtMs,
    writesAfterEnd: tap.writesAfterEnd,
    slowerMs: again.length === 0
      ? undefined
      : Math.max(...again.map(({ durationMs }) => durationMs)) - roundTripMs,
    failed: load.reports.filter(({ error }) => error !== undefined).length,
  };
}

/** Calls all the time, and keeps the reports. */
class ReportedLoad {
  readonly reports: CallReport[] = [];
  readonly #lanes: Promise<void>[];
  #running = true;

  constructor(client: Client, inFlight: number) {
    this.#lanes = Array.from({ length: inFlight }, async () => {
      while (this.#running) this.reports.push(await client.report("ping"));
    });
  }

  medianMs(): number {
    return spreadOf(this.reports.map(({ durationMs }) => durationMs))?.median ??
      0;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#lanes);
  }
}
