import { join } from "node:path";
import { aborted, systemClock } from "../../base/clock.ts";
import type { CommandInput } from "../syntax/command.ts";
import { assertRegistryUrl } from "../registry.ts";
import type { demoFlags } from "./flags.ts";
import { DemoRecord, type DemoView, eventLine } from "../../demo/record.ts";
import { dropDemoDirectory, makeDemoDirectory, removeDemoDirectory } from "../../demo/directory.ts";
import { loadDuring } from "../../demo/load.ts";
import { figuresOf } from "../../demo/figures.ts";
import { DemoPlay } from "../../demo/play.ts";
import { Reports } from "../../demo/reports.ts";
import { summaryOf } from "../../demo/summary.ts";
import { judge, type MachineFacts } from "../../demo/verdict.ts";
import { isScreen, printLine } from "../../terminal/stdout.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { lineWidth } from "../../terminal/size.ts";
import { exitCodes } from "../../base/command_error.ts";

/**
 * `rpc demo`: the five scenarios with servers and clients as real processes. They have a service of
 * their own, and by default a registry of their own too, so they neither see nor disturb anybody
 * else's.
 *
 * @throws {UsageError} the registry's URL is invalid
 */
export async function run({ flags }: CommandInput<typeof demoFlags>): Promise<number> {
  if (flags.registry !== undefined) assertRegistryUrl(flags.registry);
  // The first, and released as the last: Ctrl-C has to find everything that is to be put away.
  const interrupt = onInterrupt();
  const html = flags.html === undefined ? undefined : await reportMaker(flags.html);
  const loadBefore = currentLoad();
  const startedAtMs = systemClock.now();
  const directory = makeDemoDirectory();
  const reports = new Reports();
  const views: DemoView[] = [];
  const record = new DemoRecord(
    () => systemClock.now(),
    (event) => views.forEach((view) => view.tell(event)),
  );
  const play = new DemoPlay({
    stage: {
      place: {
        registry: flags.registry ?? `local:${join(directory, "registry")}`,
        service: `demo-${crypto.randomUUID().slice(0, 8)}`,
      },
      reports,
      directory,
      clock: systemClock,
    },
    record,
    calls: flags.calls,
    clock: systemClock,
    signal: interrupt.signal,
  });
  const leaveAtOnce = () => {
    play.kill();
    dropDemoDirectory(directory);
  };
  // What the second Ctrl-C ends, or a screen that is quit, ends in the middle of anything.
  globalThis.addEventListener("unload", leaveAtOnce);
  try {
    try {
      views.push(await openView(record));
      await Promise.race([play.run(), aborted(interrupt.signal)]);
    } finally {
      await play.close();
      views.forEach((view) => view.close());
      reports.close();
    }
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    const machine = machineFacts(loadBefore, systemClock.now() - startedAtMs);
    const figures = figuresOf(record);
    const verdicts = judge(record, figures, machine);
    try {
      printLine(summaryOf(record, figures, verdicts, lineWidth()));
    } finally {
      html?.file.write(html.reportOf({ record, figures, verdicts, machine }));
    }
    return verdicts.some(({ outcome }) => outcome === "short")
      ? exitCodes.failure
      : exitCodes.success;
  } finally {
    html?.file.close();
    await removeDemoDirectory(directory, systemClock);
    globalThis.removeEventListener("unload", leaveAtOnce);
    interrupt.release();
  }
}

/** The machine, and others' load on it during the demo. */
function machineFacts(loadBefore: number, elapsedMs: number): MachineFacts {
  const load = loadDuring(loadBefore, currentLoad(), elapsedMs);
  return {
    cores: navigator.hardwareConcurrency,
    load: isLoadTold ? Math.max(loadBefore, load - ownLoadMax) : undefined,
  };
}

/**
 * What the report is made by and written to, loaded for who wants one.
 *
 * @throws {CommandError} it cannot be written
 */
async function reportMaker(path: string) {
  const { ReportFile } = await import("../../report/file.ts");
  const { reportOf } = await import("../../demo/report.ts");
  return { file: new ReportFile(path), reportOf };
}

/** What the demo itself adds to the machine's load: four servers that work at the same time. */
const ownLoadMax = 4;

/** Windows counts no such processes. */
const isLoadTold = Deno.build.os !== "windows";

/** Processes that want to run, on average over the last minute. */
function currentLoad(): number {
  return Deno.loadavg()[0] ?? 0;
}

async function openView(record: DemoRecord): Promise<DemoView> {
  if (!isScreen(Deno.stdout)) {
    return { tell: (event) => printLine(eventLine(event)), close() {} };
  }
  const { DemoScreen } = await import("../../demo/screen.ts");
  return new DemoScreen(record);
}
