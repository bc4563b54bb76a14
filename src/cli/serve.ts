import { systemClock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import { version } from "../base/version.ts";
import { addressOf, type Announcement, type Discovery } from "../discovery/discovery.ts";
import type { HostPort } from "../discovery/registry_url.ts";
import { builtin } from "../procedures/builtin.ts";
import { RpcServer } from "../server/server.ts";
import { WorkerPool } from "../workers/pool.ts";
import { advertisedAddress, isLoopback } from "./advertise.ts";
import type { CommandInput } from "./command.ts";
import { CommandError } from "./command_error.ts";
import type { serveFlags } from "./commands.ts";
import { onInterrupt } from "./interrupt.ts";
import { createLogger } from "./logger.ts";
import { exitCodes } from "./main.ts";
import { openRegistry } from "./registry.ts";
import { selfCommand } from "./self_command.ts";
import { UsageError } from "./usage_error.ts";

/** How long `ready` waits for the registry: a server that it does not know yet can serve all the same. */
const registrationWaitMs = 5_000;

type Flags = CommandInput<typeof serveFlags>["flags"];

/** `rpc serve <host> <port>` */
export async function run(
  { flags, positionals }: CommandInput<typeof serveFlags>,
): Promise<number> {
  const wanted = listenAddress(positionals);
  const log = await createLogger({ level: flags.logLevel, format: flags.logFormat });
  const discovery = await openRegistry(flags, log);
  const interrupt = onInterrupt();
  let pool: WorkerPool | undefined;
  let server: RpcServer | undefined;
  try {
    pool = await startPool(flags, log);
    server = listen(wanted, pool, flags, log);
    const methods = [
      ...new Set([...Object.keys(builtin), ...pool.document().methods.map(({ name }) => name)]),
    ];
    const offer = { port: server.address.port, methods };
    const announcement = await announce(offer, wanted, discovery, flags, log);
    await aborted(interrupt.signal);
    log.info("Draining: leaving the registry, finishing what runs");
    await announcement.withdraw();
    await server.drain({ graceMs: flags.drainGrace, timeoutMs: flags.drainTimeout });
    log.info("Drained");
    return exitCodes.success;
  } finally {
    await server?.close();
    await pool?.close();
    await discovery.close();
    interrupt.release();
  }
}

function listenAddress([host = "", portText = ""]: readonly string[]): HostPort {
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : NaN;
  if (!(port <= 65_535)) {
    throw new UsageError(
      `Cannot listen on port ${
        JSON.stringify(portText)
      }: it must be a whole number from 0 to 65535`,
    );
  }
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}

function startPool(flags: Flags, log: Logger): Promise<WorkerPool> {
  return WorkerPool.start({
    command: selfCommand(["worker"]),
    size: flags.workers ?? navigator.hardwareConcurrency,
    queueMax: flags.queueMax,
    clock: systemClock,
    random: systemRandom,
    log,
  });
}

function listen(wanted: HostPort, pool: WorkerPool, flags: Flags, log: Logger): RpcServer {
  try {
    return RpcServer.listen({
      hostname: wanted.host,
      port: wanted.port,
      procedures: builtin,
      pool,
      service: flags.service,
      version,
      clock: systemClock,
      log,
    });
  } catch (error) {
    const problem = listenProblem(causeOf(error), wanted.host);
    throw new CommandError(`Cannot listen on ${addressOf(wanted)}: ${problem}`, { cause: error });
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function listenProblem(error: unknown, host: string): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "the port is in use; choose another one, or 0 for any that is free";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "this machine has no such address; 0.0.0.0 listens on all that it has";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "ports below 1024 need more rights; choose one above";
  }
  const message = messageOf(error);
  return message.includes("lookup address")
    ? `${
      JSON.stringify(host)
    } is neither an address nor a known name; 0.0.0.0 listens on all that this machine has`
    : message;
}

/** Registers the server, and prints the line that says so. */
async function announce(
  { port, methods }: { readonly port: number; readonly methods: readonly string[] },
  wanted: HostPort,
  discovery: Discovery,
  flags: Flags,
  log: Logger,
): Promise<Announcement> {
  const isLocal = flags.registry.startsWith("local:");
  const address = advertisedAddress({
    listening: { host: wanted.host, port },
    advertise: flags.advertise,
    isLocal,
    interfaces: Deno.networkInterfaces,
  });
  if (isLocal && !isLoopback(wanted.host)) {
    log.warn(
      `Other machines will not find this server: the registry ${discovery.url} is for one machine. ` +
        "Use --registry zookeeper://host:2181, or have them call with --registry " +
        `static:${addressOf(address)}`,
    );
  }
  let inTrouble = () => {};
  const trouble = new Promise<void>((resolve) => inTrouble = resolve);
  const announcement = discovery.announce({
    id: crypto.randomUUID(),
    service: flags.service,
    ...address,
    weight: flags.weight,
    zone: flags.zone,
    version,
    methods,
    startedAtMs: systemClock.wallTimeMs(),
  }, {
    trouble(error) {
      log.warn(`Not registered, trying again: ${error.message}`);
      inTrouble();
    },
  });
  let tooLate = () => {};
  const late = new Promise<void>((resolve) => tooLate = resolve);
  const timer = systemClock.after(registrationWaitMs, tooLate);
  await Promise.race([announcement.registered, trouble, late]);
  timer.cancel();
  if (!announcement.isRegistered) {
    log.warn("Serving, though the registry does not list this server yet");
    void announcement.registered.then(() => {
      if (announcement.isRegistered) log.info("Registered");
    });
  }
  console.log(`ready ${addressOf(address)} service=${flags.service} registry=${discovery.url}`);
  return announcement;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
