import type { RpcError } from "../../base/errors.ts";
import { version } from "../../base/version.ts";
import type { CallReport } from "../../client/call_report.ts";
import type { OpenRpcMethod } from "../../procedures/openrpc.ts";
import type { Params } from "../../wire/message.ts";
import { toolsOf } from "./tools.ts";

/** What tools are made of, and what calls them. */
interface ToolServerOptions {
  /** The methods that are offered, sorted by name. */
  readonly methods: (signal: AbortSignal) => Promise<readonly OpenRpcMethod[]>;
  /** Which of them: names with `*` for any letters, separated by commas. */
  readonly patterns: string;
  /** Never rejects. */
  readonly call: (method: string, params: Params, signal: AbortSignal) => Promise<CallReport>;
}

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

/** A server of the SDK, whose tools are methods. */
interface ToolServer {
  /** Speaks by a transport of the SDK until either ends. */
  connect(transport: object): Promise<void>;
  close(): Promise<void>;
  onclose?: () => void;
}

/** Makes a server of the Model Context Protocol, whose package is loaded with the first. */
export async function toolServer(
  { methods, patterns, call }: ToolServerOptions,
): Promise<ToolServer> {
  // Like this, because `deno doc`, which checks our comments, cannot find these files by name.
  const [{ Server }, schemas] = await Promise.all([
    import("@modelcontextprotocol/sdk/server/index.js"),
    import("@modelcontextprotocol/sdk/types.js"),
  ]);
  const tools = async (signal: AbortSignal) => toolsOf(await methods(signal), patterns);
  const server = new Server({ name: "rpc", version }, { capabilities: { tools: {} } });
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
      const args = argumentsOf(method, params.arguments ?? {});
      if (typeof args === "string") return failed(args);
      const { error, result } = await call(method.name, args, signal);
      if (error !== undefined) return failed(textOf(error));
      return { content: [{ type: "text", text: JSON.stringify(result) ?? "null" }] };
    },
  );
  return server;
}

/** The parameters of a call, or what is wrong with them. */
function argumentsOf(
  { name: method, params, paramStructure }: OpenRpcMethod,
  given: Record<string, unknown>,
): Params | string {
  if (paramStructure !== "by-position") return given;
  const names = params.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return `InvalidParams: ${method} has no parameter ${unknown} (executed: no)`;
  }
  const last = names.findLastIndex((name) => Object.hasOwn(given, name));
  const gap = names.slice(0, last + 1).find((name) => !Object.hasOwn(given, name));
  // One that is left out would have another one take its place.
  if (gap !== undefined) return `InvalidParams: ${gap} is missing (executed: no)`;
  return names.slice(0, last + 1).map((name) => given[name]);
}

function textOf({ name, message, executed, issues }: RpcError): string {
  const more = issues === undefined ? "" : ` ${JSON.stringify(issues)}`;
  return `${name}: ${message} (executed: ${executed})${more}`;
}

function failed(text: string) {
  return { isError: true, content: [{ type: "text", text }] };
}
