import { systemClock } from "../../base/clock.ts";
import { CommandError, exitCodes } from "../../base/command_error.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import { painted, printLine } from "../../terminal/stdout.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { unlessInterrupted } from "../process/unless_interrupted.ts";
import { plainLine, recordLine, toldText } from "../../base/values/plain_text.ts";
import { terminalSize } from "../../terminal/size.ts";
import { wrapped } from "../../terminal/width.ts";
import { type Instance, startText } from "../../discovery/discovery.ts";
import { doctorAskedAtOnceMax } from "../limits.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openListedRegistry, openTransport } from "../registry.ts";
import type { CommandInput } from "../syntax/command.ts";
import { stateDirectory } from "../syntax/settings.ts";
import type { Finding } from "./finding.ts";
import type { doctorFlags } from "./flags.ts";
import { lastKnownServers } from "./last_known.ts";
import { ownKeys } from "./own.ts";
import { registryFindings } from "./registry.ts";
import { sandboxFinding } from "./sandbox.ts";
import { serverFindings, versionFindings } from "./servers.ts";

type Flags = CommandInput<typeof doctorFlags>["flags"];

/** `rpc doctor` */
export async function run({ flags }: CommandInput<typeof doctorFlags>): Promise<number> {
  const interrupt = onInterrupt();
  let isWrong = false;
  const tell = (findings: readonly Finding[]) => {
    for (const finding of findings) {
      isWrong ||= finding.status === "wrong";
      printLine(flags.json ? recordLine(finding) : textOf(finding));
    }
  };
  try {
    const looking = look(flags, interrupt.signal, tell).then(() =>
      isWrong ? exitCodes.failure : exitCodes.success
    );
    return await unlessInterrupted(looking, interrupt.signal);
  } finally {
    interrupt.release();
  }
}

/** Looks at one thing after the other: what comes first is what the rest stands on. */
async function look(
  flags: Flags,
  signal: AbortSignal,
  tell: (findings: readonly Finding[]) => void,
): Promise<void> {
  const log = flags.verbose ? plainLogger(true) : silentLogger;
  tell([...await ownKeys(flags.insecure, systemClock.wallTimeMs()), sandboxFinding()]);
  const discovery = await openListedRegistry(flags, log);
  try {
    const deps = { clock: systemClock, timeoutMs: flags.timeout, signal };
    const { findings, instances: listed } = await registryFindings(discovery, flags.service, deps);
    tell(findings);
    const instances = listed ?? await lastKnown(discovery.url, flags.service, log, tell);
    if (listed?.length === 0) {
      const others = await discovery.services().catch(() => []);
      tell([noServer(discovery.url, flags.service, others)]);
      return;
    }
    tell(versionFindings(instances));
    const transport = await openTransport(flags, log).catch((error) => {
      // It was told as a fault of the keys already.
      if (error instanceof CommandError) return undefined;
      throw error;
    });
    if (transport === undefined) return;
    const options = {
      registry: discovery.url,
      transport,
      clock: systemClock,
      timeoutMs: flags.timeout,
    };
    for (let start = 0; start < instances.length && !signal.aborted;) {
      const some = instances.slice(start, start += doctorAskedAtOnceMax);
      for (const found of await Promise.all(some.map((one) => serverFindings(one, options)))) {
        tell(found);
      }
    }
  } finally {
    await discovery.close();
  }
}

/** Tells which servers calls go to without the registry. */
async function lastKnown(
  registryUrl: string,
  service: string,
  log: Logger,
  tell: (findings: readonly Finding[]) => void,
): Promise<readonly Instance[]> {
  const options = { directory: stateDirectory(), log };
  const { finding, instances } = await lastKnownServers(registryUrl, service, options);
  tell([finding]);
  return instances;
}

function noServer(registryUrl: string, service: string, services: readonly string[]): Finding {
  const others = services.filter((name) => name !== service);
  return {
    check: "service",
    status: "wrong",
    text: `${service} has no server`,
    todo: startText(registryUrl, service) +
      (others.length === 0 ? "" : `; rpc services tells which others there are`),
  };
}

function textOf({ check, status, text, todo }: Finding): string {
  const colours = { ok: "green", hint: "yellow", wrong: "red" } as const;
  const isTerminal = Deno.stdout.isTerminal();
  const word = status.padEnd(5);
  const advice = todo === undefined ? "" : `${/[.?!]$/.test(text) ? "" : "."} To do: ${todo}`;
  const line = plainLine(`${check.padEnd(8)}  ${toldText(text)}${advice}`);
  if (!isTerminal) return `${word}  ${line}`;
  const { columns } = terminalSize();
  const indent = 17;
  return wrapped(`${word}  ${line}`, columns, indent).replace(
    word,
    painted(colours[status], word),
  );
}
