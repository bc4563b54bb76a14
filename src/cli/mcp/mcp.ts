import { CommandError, exitCodes } from "../../base/command_error.ts";
import { aborted, type Clock, sleep, systemClock, type Timer } from "../../base/clock.ts";
import { emptyCoreFiles } from "../../base/system/core_files.ts";
import { Client } from "../../client/client.ts";
import { type ToolServer, toolServer } from "../../gateway/agents/tool_server.ts";
import { toolsOf } from "../../gateway/agents/tools.ts";
import { discoverAll } from "../../library/survey/discover.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { lastResultsMs, mcpLookAfterMs } from "../limits.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openForLong, tellOfRegistry } from "../registry.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { mcpFlags } from "./flags.ts";
import { LineTransport } from "./line_transport.ts";
import { Offer } from "./offer.ts";

/** `rpc mcp`: speaks the Model Context Protocol on stdin and stdout until stdin ends. */
export async function run({ flags }: CommandInput<typeof mcpFlags>): Promise<number> {
  emptyCoreFiles();
  const log = plainLogger(flags.verbose);
  const { transport, discovery } = await openForLong(flags, log);
  const { service, timeout: timeoutMs, messageMax, subset, zone } = flags;
  const clock = systemClock;
  const changes = new Changes(clock);
  const interrupt = onInterrupt();
  const offer: Offer = new Offer(async () => {
    const { signal } = interrupt;
    const { methods } = await discoverAll(client, discovery, transport, service, signal);
    return toolsOf(methods, flags.methods);
  }, clock);
  const client = new Client({
    ...{ discovery, service, transport, timeoutMs, messageMax, clock, log },
    ...{ subset, zone, exactNumbers: true },
    registryChanged: (trouble) => tellOfRegistry(log, trouble),
    serverChanged: () => {
      offer.forget();
      changes.tell();
    },
  });
  const { serveStdio } = await import("@modelcontextprotocol/server/stdio");
  /** What speaks to the agent: another one after it has asked which versions are known. */
  let server: ToolServer | undefined;
  const made = async () =>
    server = await toolServer({
      tools: (signal) => offer.tools(signal),
      tellsChanges: true,
      call: (method, params, options) => client.report(method, params, options),
    });
  changes.onTold = () => void server?.look(interrupt.signal);
  try {
    const stdio = { readable: Deno.stdin.readable, writable: Deno.stdout.writable };
    const lines = new LineTransport(stdio, messageMax);
    const connection = serveStdio(made, { transport: lines });
    // Who asked it to end may have done so before it was ready.
    await Promise.race([lines.closed, aborted(interrupt.signal)]);
    await connection.close();
    // The last answers may still be on their way, or nobody reads them.
    const late = sleep(clock, lastResultsMs, interrupt.signal);
    await Promise.race([lines.written, aborted(interrupt.signal), late]);
    if (lines.problem !== undefined) throw new CommandError(lines.problem);
    return exitCodes.success;
  } finally {
    client.close();
    await discovery.close();
    changes.end();
    interrupt.release();
  }
}

/** Changes of servers, told together: a restart of one is a loss and a gain. */
class Changes {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  onTold = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  tell(): void {
    this.#timer ??= this.#clock.after(mcpLookAfterMs, () => {
      this.#timer = undefined;
      this.onTold();
    });
  }

  end(): void {
    this.#timer?.cancel();
  }
}
