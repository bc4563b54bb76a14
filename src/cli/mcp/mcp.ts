import { systemClock } from "../../base/clock.ts";
import { version } from "../../base/version.ts";
import { Client } from "../../client/client.ts";
import { discoverAll } from "../../library/survey/discover.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { exitCodes } from "../exit_codes.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openCommandRegistry, openTransport } from "../registry.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { mcpFlags } from "./flags.ts";
import { type Tool, toolsOf } from "./tools.ts";

/** What a client asks for. Named here, since the SDK's own types of it come through as `any`. */
interface CallRequest {
  readonly params: {
    readonly name: string;
    readonly arguments?: Record<string, unknown> | undefined;
  };
}

/** What comes with a request: aborts when the client gives it up. */
interface Extra {
  readonly signal: AbortSignal;
}

/** `rpc mcp`: speaks the Model Context Protocol on stdin and stdout until stdin ends. */
export async function run({ flags }: CommandInput<typeof mcpFlags>): Promise<number> {
  // Like this, because `deno doc`, which checks our comments, cannot find these files by name.
  const [{ Server }, { StdioServerTransport }, schemas] = await Promise.all([
    import("@modelcontextprotocol/sdk/server/index.js"),
    import("@modelcontextprotocol/sdk/server/stdio.js"),
    import("@modelcontextprotocol/sdk/types.js"),
  ]);
  const log = plainLogger(flags.verbose);
  const transport = await openTransport(flags, log);
  const discovery = await openCommandRegistry(flags, log);
  const { service, timeout: timeoutMs } = flags;
  const clock = systemClock;
  const client = new Client({
    ...{ discovery, service, transport, timeoutMs, clock, log },
    exactNumbers: true,
  });
  const interrupt = onInterrupt();
  const tools = async (signal: AbortSignal): Promise<Tool[]> => {
    const document = await discoverAll(client, discovery, transport, service, signal);
    return toolsOf(document.methods, flags.methods);
  };
  const server = new Server({ name: "rpc", version: version }, {
    capabilities: { tools: {} },
  });
  server.setRequestHandler(
    schemas.ListToolsRequestSchema,
    async (_request: unknown, { signal }: Extra) => ({
      tools: (await tools(signal)).map(({ method: _, ...tool }) => tool),
    }),
  );
  server.setRequestHandler(
    schemas.CallToolRequestSchema,
    async ({ params }: CallRequest, { signal }: Extra) => {
      const tool = (await tools(signal)).find(({ name }) => name === params.name);
      if (tool === undefined) return failed(`There is no tool ${params.name}`);
      const { method } = tool;
      const given = params.arguments ?? {};
      const byPosition = method.paramStructure === "by-position";
      const args = byPosition ? method.params.map(({ name }) => given[name]) : given;
      const { error, result } = await client.report(method.name, args, { signal });
      if (error === undefined) return { content: [textOf(JSON.stringify(result) ?? "null")] };
      const { name, message, executed, issues } = error;
      const more = issues === undefined ? "" : ` ${JSON.stringify(issues)}`;
      return failed(`${name}: ${message} (executed: ${executed})${more}`);
    },
  );
  try {
    const closed = Promise.withResolvers<void>();
    server.onclose = () => closed.resolve();
    interrupt.signal.addEventListener("abort", () => void server.close());
    const stdio = new StdioServerTransport();
    // The SDK does not look for the end of stdin, by which a client ends its servers.
    process.stdin.once("end", () => void server.close());
    await server.connect(stdio);
    await closed.promise;
    return exitCodes.success;
  } finally {
    client.close();
    await discovery.close();
    interrupt.release();
  }
}

function textOf(text: string) {
  return { type: "text" as const, text };
}

function failed(text: string) {
  return { isError: true, content: [textOf(text)] };
}
