import type { McpHttpHandler } from "@modelcontextprotocol/server";
import { RpcError } from "../../base/errors.ts";
import { checkJsonBody } from "../calls/call_options.ts";
import type { OpenRpcDocument } from "../../procedures/openrpc.ts";
import type { Calls } from "../calls/calls.ts";
import type { Catalogue } from "../calls/catalogue.ts";
import type { Answers } from "../door/answers.ts";
import type { BodyReader } from "../door/body.ts";
import type { Sender } from "../door/connections.ts";
import { HttpProblem } from "../door/problem.ts";
import { reply } from "../door/reply.ts";
import { type Message, messageOf } from "./messages.ts";
import { Sessions } from "./sessions.ts";
import { type ToolServer, toolServer } from "./tool_server.ts";
import { type Tool, toolsOf } from "./tools.ts";

/** What an {@link Agents} needs. */
interface AgentsOptions {
  readonly calls: Pick<Calls, "call" | "isReadOnly">;
  readonly catalogue: Pick<Catalogue, "document">;
  readonly bodies: BodyReader;
  readonly answers: Answers;
}

/**
 * Answers agents: the Model Context Protocol over HTTP, where each message of a client is a POST.
 * Since the version 2026-07-28 each stands for itself; those of older ones belong to a session.
 */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #sessions = new Sessions(() => this.#toolServer());
  #single: McpHttpHandler | undefined;
  #made: { readonly document: OpenRpcDocument; readonly tools: readonly Tool[] } | undefined;

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  /**
   * Answers a POST, or the DELETE that ends a session. Its calls are bounded as requests are: each
   * is one.
   *
   * @param sender whom a session counts for, and whose body it is
   * @throws {HttpProblem} it is not a request of an agent
   */
  async answer(request: Request, sender: Sender): Promise<Response> {
    const { bodies, answers } = this.#options;
    if (request.method === "DELETE") return this.#sessions.end(request);
    answers.checkRoom();
    const text = await bodies.read(request, sender.connection);
    checkJsonBody(request, text);
    const parsedBody = bodyOf(text);
    const { createMcpHandler, isLegacyRequest } = await import("@modelcontextprotocol/server");
    this.#single ??= createMcpHandler(() => this.#toolServer(), { legacy: "reject" });
    const { url, method, headers: given } = request;
    const asked = new Request(url, { method, headers: given, signal: sender.gone });
    const response = await isLegacyRequest(asked, parsedBody)
      ? await this.#sessions.answer(asked, parsedBody, sender.caller)
      : await this.#single.fetch(asked, { parsedBody });
    const headers = Object.fromEntries(response.headers);
    const answer = await response.text();
    if (response.status === 200) return answers.of(answer, headers);
    return reply(answer === "" ? null : answer, { status: response.status, headers });
  }

  #toolServer(): Promise<ToolServer> {
    const { calls } = this.#options;
    return toolServer({
      tools: (signal) => this.#tools(signal),
      call: (method, params, options) => calls.call(method, params, options),
    });
  }

  /** The methods as tools, made once for all sessions and calls: thousands take milliseconds. */
  async #tools(signal: AbortSignal): Promise<readonly Tool[]> {
    const { calls, catalogue } = this.#options;
    if (calls.isReadOnly) return [];
    const document = await catalogue.document(signal);
    if (this.#made?.document !== document) {
      this.#made = { document, tools: toolsOf(document.methods, "*") };
    }
    return this.#made.tools;
  }
}

/** Parses a message. @throws {HttpProblem} it is none */
function bodyOf(text: string): Message {
  const message = messageOf(text, "body");
  if (!(message instanceof RpcError)) return message;
  throw new HttpProblem(400, message.name, message.message);
}
