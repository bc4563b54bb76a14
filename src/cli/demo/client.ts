import { CommandError, exitCodes } from "../../base/command_error.ts";
import { Client } from "../../client/client.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { demoClientFlags } from "./flags.ts";
import { type DemoClientLine, type DemoMethod, demoMethods } from "../../demo/record.ts";
import { DemoLink } from "../../demo/report_to_demo.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openCommandRegistry } from "../registry.ts";

/** The index of the Fibonacci number that each client asks for. */
const fibIndex = 32;
const fibResult = 2_178_309;

/** For a call: all processes of the demo may share one core with others, and none is in a hurry. */
const timeoutMs = 60_000;

/** Calls that fail one after the other until a client gives up: there is nobody left to call. */
const failuresInARowMax = 3;

/**
 * `rpc demo-client`: a client of the demo. It waits for a word of the demo, so that all clients
 * begin together, and then calls each procedure in turn, one call at a time, until it has made its
 * calls and the demo has enough.
 */
export async function run({ flags }: CommandInput<typeof demoClientFlags>): Promise<number> {
  const link = await DemoLink.open();
  if (link === undefined) throw new CommandError("Cannot play without a demo: see rpc demo");
  const log = plainLogger(false);
  const discovery = await openCommandRegistry(flags, log);
  const client = new Client({ discovery, service: flags.service, log });
  try {
    link.signal.addEventListener("abort", () => client.close());
    link.say("ready");
    await link.begun;
    let failed = 0;
    let failedInARow = 0;
    for (let i = 1; i <= flags.calls || !link.isEnough; i++) {
      for (const method of demoMethods) {
        if (link.signal.aborted) return exitCodes.interrupted;
        const params = [method === "fib" ? fibIndex : i];
        const report = await client.report(method, params, { timeoutMs });
        const { result, error, server, durationMs } = report;
        const problem = error?.name ?? (isRight(method, i, result) ? null : "wrong result");
        const line: DemoClientLine = {
          method,
          server: server ?? null,
          ms: Number(durationMs.toFixed(3)),
          error: problem,
          connected: client.stats.connected,
        };
        link.say(JSON.stringify(line));
        if (problem === null) failedInARow = 0;
        else {
          failed++;
          if (++failedInARow === failuresInARowMax) return exitCodes.failure;
        }
      }
    }
    return failed === 0 ? exitCodes.success : exitCodes.failure;
  } finally {
    client.close();
    await discovery.close();
    await link.close();
  }
}

/** Whether a result is what the procedure ought to answer. */
function isRight(method: DemoMethod, i: number, result: unknown): boolean {
  switch (method) {
    case "ping":
      return result === `pong ${i}`;
    case "pi":
      // The series is off by less than its next term.
      return typeof result === "number" && Math.abs(result - Math.PI) < 4 / (2 * i + 1);
    case "fib":
      return result === fibResult;
  }
}
