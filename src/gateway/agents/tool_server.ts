import type { CallToolResult, jsonSchemaValidator, Server } from "@modelcontextprotocol/server";
import { isRpcError, type RpcError } from "../../base/errors.ts";
import { version } from "../../base/version.ts";
import type { CallReport } from "../../client/call_report.ts";
import type { CallOptions } from "../../client/client_options.ts";
import type { OpenRpcMethod } from "../../procedures/openrpc.ts";
import type { Params } from "../../wire/message.ts";
import { isTraceparent } from "../../wire/requests/traceparent.ts";
import { shownTools, type Tool } from "./tools.ts";

/** What a tool server needs. */
interface ToolServerOptions {
  /** What to offer now. */
  readonly tools: (signal: AbortSignal) => Promise<readonly Tool[]>;
  /** Whether its client is told when there are other tools. @default false */
  readonly tellsChanges?: boolean;
  /** Never rejects. */
  readonly call: (method: string, params: Params, options: CallOptions) => Promise<CallReport>;
}

/** A server of the SDK that offers methods as tools. */
export interface ToolServer extends Server {
  /**
   * Tells its client if there are other tools than it was told of last. While no server answers,
   * those are what it knows. Never rejects.
   */
  look(signal: AbortSignal): Promise<void>;
}

/** No tool has a schema for its results, and nothing is asked of a client: nothing is validated. */
const jsonSchemaValidator: jsonSchemaValidator = {
  getValidator() {
    throw new Error("Nothing is validated here");
  },
};

/** Makes a server of the Model Context Protocol. The package is loaded at the first use. */
export async function toolServer(
  { tools, tellsChanges = false, call }: ToolServerOptions,
): Promise<ToolServer> {
  const { Server } = await import("@modelcontextprotocol/server");
  const capabilities = { tools: tellsChanges ? { listChanged: true } : {} };
  const server = new Server({ name: "rpc", version }, { capabilities, jsonSchemaValidator });
  /** The tools that the client was told of last. */
  let told: readonly Tool[] | undefined;
  server.setRequestHandler("tools/list", async (_request, { mcpReq }) => {
    told = await tools(mcpReq.signal);
    return { tools: shownTools(told) };
  });
  server.setRequestHandler("tools/call", async ({ params }, { mcpReq: { signal, _meta } }) => {
    let offered: readonly Tool[];
    try {
      offered = await tools(signal);
    } catch (error) {
      // A model reads how a call ended; a failed request its program may keep from it.
      if (isRpcError(error)) return failed(textOf(error));
      throw error;
    }
    const tool = offered.find(({ name }) => name === params.name);
    if (tool === undefined) return failed(`There is no tool ${params.name}`);
    const { method, parameters } = tool;
    const given = Object.entries(params.arguments ?? {})
      .map(([member, value]) => [parameters.get(member) ?? member, value]);
    const args = argumentsOf(method, Object.fromEntries(given));
    if (typeof args === "string") return failed(args);
    const parent = _meta?.traceparent;
    const traceparent = isTraceparent(parent) ? parent : undefined;
    const { error, result } = await call(method.name, args, { signal, traceparent });
    if (error !== undefined) return failed(textOf(error));
    return { content: [{ type: "text", text: JSON.stringify(result) ?? "null" }] };
  });
  return Object.assign(server, {
    async look(signal: AbortSignal) {
      const before = told;
      if (before === undefined) return;
      const now = await tools(signal).catch(() => before);
      if (JSON.stringify(shownTools(now)) === JSON.stringify(shownTools(before))) return;
      told = now;
      // It may have gone.
      await server.sendToolListChanged().catch(() => {});
    },
  });
}

/** The parameters of a call, or what is wrong with them. */
function argumentsOf(
  { name: method, params, paramStructure }: OpenRpcMethod,
  given: Record<string, unknown>,
): Params | string {
  if (paramStructure !== "by-position") return given;
  const names = params.map(({ name }) => name);
  const known = new Set(names);
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown !== undefined) {
    return `InvalidParams: ${method} has no parameter ${unknown} (executed: no)`;
  }
  const last = names.findLastIndex((name) => Object.hasOwn(given, name));
  const gap = names.slice(0, last + 1).find((name) => !Object.hasOwn(given, name));
  // Without this the next argument would take the place of a missing one.
  if (gap !== undefined) return `InvalidParams: ${gap} is missing (executed: no)`;
  return names.slice(0, last + 1).map((name) => given[name]);
}

function textOf({ name, message, executed, issues }: RpcError): string {
  const more = issues === undefined || issues.length === 0 ? "" : ` ${JSON.stringify(issues)}`;
  // Agents that refuse JSON with half a pair of surrogates would lose the answer.
  return `${name}: ${message} (executed: ${executed})${more}`.toWellFormed();
}

function failed(text: string): CallToolResult {
  return { isError: true, content: [{ type: "text", text }] };
}
