import { printReady } from "../../terminal/print_ready.ts";
import { aborted, systemClock } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { emptyCoreFiles } from "../../base/system/core_files.ts";
import { raiseHandles } from "../process/raise_handles.ts";
import { outliveFileSizes } from "../../base/system/outlive_file_sizes.ts";
import { collectGarbage, giveBackMemory } from "../../base/system/spare_memory.ts";
import { demoVariable } from "../../demo/demo_variable.ts";
import type { DemoLink } from "../../demo/report_to_demo.ts";
import type { Logger } from "../../base/log.ts";
import { systemRandom } from "../../base/random.ts";
import type { HostPort } from "../../base/names/host_port.ts";
import type { WorkerOffer } from "../../workers/child/run_as_worker.ts";
import { AuditFile } from "./audit_file.ts";
import { callersOf, secretFor } from "./callers.ts";
import { takeOrphans } from "./orphans.ts";
import { openKeys } from "../../library/own_keys.ts";
import { RunningServer, type RunningServerOptions } from "../../library/running/running_server.ts";
import { denoWorkerCommand } from "../../library/worker_command.ts";
import type { Stats } from "../../wire/reports/stats.ts";
import type { WorkerCommand } from "../../workers/process/worker_command.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { serveFlags } from "./flags.ts";
import { slimAfterMs } from "../limits.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { createLogger } from "../process/logger.ts";
import { exitCodes, UsageError } from "../../base/command_error.ts";
import type { MetricsServer } from "./metrics/metrics.ts";
import { openCommandRegistry } from "../registry.ts";
import { selfCommand } from "../../library/self_command.ts";
import { openTracer } from "../process/tracing.ts";
import { metricsAddress, type Place, placeOf } from "./place.ts";
import { Slimming } from "./slimming.ts";
import type { StopFile } from "../process/stop_file.ts";
import { stopFileVariable } from "../process/stop_file_variable.ts";
import { type Sandbox, sandboxHoldsNoProgram, sandboxOf } from "./sandbox.ts";
import { type Source, sourceOf } from "./source.ts";
import type { SourceWatch } from "./watch_sources.ts";

type Input = CommandInput<typeof serveFlags>;

/** Said where no address was given. */
const onlyHere =
  "Only this machine's clients find it. For those of others give an address of this machine, " +
  "such as rpc serve 192.168.0.211 6666";

/** What may have started this process and can end it, besides signals. */
interface Supervisors {
  readonly demo: DemoLink | undefined;
  readonly stopFile: StopFile | undefined;
}

/** `rpc serve [host] [port] [module]` */
export async function run(input: Input): Promise<number> {
  emptyCoreFiles();
  raiseHandles();
  const place = placeOf(input.positionals);
  const source = sourceOf(input.flags, place.module);
  const sandbox = await sandboxOf(input.flags);
  const demo = Deno.env.has(demoVariable)
    ? await (await import("../../demo/report_to_demo.ts")).DemoLink.open()
    : undefined;
  const stopFile = Deno.env.has(stopFileVariable)
    ? (await import("../process/stop_file.ts")).StopFile.watch(systemClock)
    : undefined;
  const { logLevel: level, logFormat: format } = input.flags;
  const log = createLogger({ level, format });
  try {
    return await serveUntilStopped(input, place, source, sandbox, log, { demo, stopFile });
  } finally {
    stopFile?.close();
    await log.flushed();
  }
}

async function serveUntilStopped(
  { flags }: Input,
  { listen, isAssumed }: Place,
  source: Source,
  sandbox: Sandbox | undefined,
  log: Logger,
  { demo, stopFile }: Supervisors,
): Promise<number> {
  const metricsAt = flags.metrics === undefined ? undefined : metricsAddress(flags.metrics);
  const keys = await openKeys(flags, log);
  const callers = callersOf(flags.callers, keys);
  const secret = flags.private ? secretFor(flags.registry, listen, keys) : undefined;
  const audit = flags.audit === undefined ? undefined : new AuditFile(flags.audit, log);
  const discovery = await openCommandRegistry(flags, log);
  const interrupt = onInterrupt();
  outliveFileSizes();
  const orphans = takeOrphans(systemClock);
  const signals = [interrupt, demo, stopFile].flatMap((one) => one === undefined ? [] : one.signal);
  const signal = signals.length === 1 ? interrupt.signal : AbortSignal.any(signals);
  let server: RunningServer | undefined;
  let metrics: MetricsServer | undefined;
  let watch: SourceWatch | undefined;
  try {
    // Before the procedures are loaded, so that an edit meanwhile is noticed.
    watch = flags.watch
      ? await watchOf(source, async (signal) => {
        await sandbox?.check(source.module);
        await server?.reload(signal);
      }, log)
      : undefined;
    await sandbox?.check(source.module);
    if (sandbox !== undefined && source.exec !== undefined) log.warn(sandboxHoldsNoProgram);
    if (metricsAt !== undefined) {
      (await import("./metrics/metrics.ts")).assertCanServeMetrics(metricsAt);
    }
    server = await start({
      ...{ ...source, ...optionsOf(flags), listen, discovery, keys, callers, secret, log, signal },
      sandboxed: sandbox !== undefined,
      audit: audit && ((entry) => audit.add(entry)),
      workerCommand: (offer) => workerCommand(offer, sandbox),
      clock: systemClock,
      random: systemRandom,
      tracer: await openTracer(log),
    });
    if (server === undefined) {
      log.info("Ended before it took calls");
      return exitCodes.interrupted;
    }
    if (metricsAt !== undefined) {
      metrics = await watchable(server, metricsAt, () => !signal.aborted, log);
    }
    demo?.say(server.address);
    watch?.start();
    using _slim = keepSlim(server);
    await printReady(
      `ready ${server.address} service=${flags.service} registry=${server.registry}`,
      aborted(signal),
      () => isAssumed && log.info(onlyHere),
    );
    watch?.close();
    log.info("Draining: leaving the registry, finishing running calls");
    await server.drain({ graceMs: flags.drainGrace, timeoutMs: flags.drainTimeout });
    log.info("Drained");
    return exitCodes.success;
  } finally {
    watch?.close();
    await server?.close();
    metrics?.close();
    await audit?.close();
    await discovery.close();
    orphans?.cancel();
    interrupt.release();
  }
}

/** What the flags say about a server, by the names of its options. */
function optionsOf(flags: Input["flags"]) {
  const { service, advertise, weight, zone, insecure, workers, workersMin } = flags;
  const { queueMax, connectionsMax, messageMax } = flags;
  return {
    ...{ service, advertise, weight, zone, insecure, workers, workersMin },
    ...{ queueMax, connectionsMax, messageMax, callTimeoutMaxMs: flags.callTimeoutMax },
    reloads: flags.watch,
    tap: !flags.noTap,
  };
}

/** Gives memory back that a server no longer needs: after its start, and after many calls. */
function keepSlim(server: RunningServer): Disposable {
  const fresh = systemClock.after(slimAfterMs, () => {
    if (server.stats().connections === 0) collectGarbage();
  }, { keepAlive: false });
  const slimming = new Slimming({
    clock: systemClock,
    residentBytes: () => Deno.memoryUsage().rss,
    calls: () => callsOf(server.stats()),
    giveBack: giveBackMemory,
  });
  return {
    [Symbol.dispose]() {
      fresh.cancel();
      slimming.stop();
    },
  };
}

function callsOf({ methods }: Stats): number {
  return Object.values(methods).reduce((sum, { calls }) => sum + calls, 0);
}

function workerCommand(offer: WorkerOffer, sandbox: Sandbox | undefined): WorkerCommand {
  const command = programOfWorker(offer, sandbox);
  return sandbox === undefined ? command : { ...command, environment: sandbox.environment };
}

function programOfWorker(offer: WorkerOffer, sandbox: Sandbox | undefined): WorkerCommand {
  if (!Deno.build.standalone) return denoWorkerCommand(offer, sandbox?.permissions);
  // A binary takes these words for its workers' program (`tasks/bundle.ts`).
  const words = sandbox === undefined
    ? ["worker", JSON.stringify(offer)]
    : ["sandbox", JSON.stringify({ ...offer, permissions: sandbox.permissions })];
  return { ...selfCommand(words), readsAsWeDo: true };
}

/** Serves metrics and probes, if the flags ask for that. */
async function watchable(
  server: RunningServer,
  address: HostPort,
  isWanted: () => boolean,
  log: Logger,
): Promise<MetricsServer> {
  const { serveMetrics } = await import("./metrics/metrics.ts");
  const metrics = serveMetrics(address, {
    stats: () => server.stats(),
    isReady: () => isWanted() && server.isRegistered,
    isOpen: server.isOpen,
    keysEndAtMs: () => server.keysEndAtMs,
    registryKeysEndAtMs: () => server.registryKeysEndAtMs,
  }, { clock: systemClock, log });
  log.info("Serving metrics", { url: `http://${metrics.address}/metrics` });
  return metrics;
}

/** Starts a server; `undefined` if it was stopped before it took calls. */
async function start(options: RunningServerOptions): Promise<RunningServer | undefined> {
  try {
    return await RunningServer.start(options);
  } catch (error) {
    if (options.signal?.aborted) return undefined;
    if (error instanceof RpcError && error.name === "InvalidParams") {
      throw new UsageError(error.message);
    }
    throw error;
  }
}

async function watchOf(
  sources: Source,
  reload: (signal: AbortSignal) => Promise<void>,
  log: Logger,
): Promise<SourceWatch> {
  const { SourceWatch } = await import("./watch_sources.ts");
  return new SourceWatch({ sources, reload, clock: systemClock, log });
}
