import type { McpHttpHandler } from "@modelcontextprotocol/server";
import type { Clock } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { checkJsonBody } from "../calls/call_options.ts";
import type { OpenRpcDocument } from "../../procedures/openrpc.ts";
import type { Calls } from "../calls/calls.ts";
import type { Catalogue } from "../calls/catalogue.ts";
import type { Answers } from "../door/answers.ts";
import type { BodyReader } from "../door/body.ts";
import type { Sender } from "../door/connections.ts";
import { HttpProblem } from "../door/problem.ts";
import { reply, unbuffered } from "../door/reply.ts";
import { Shares } from "../../base/bounds/shares.ts";
import { gatewayListenersMax, gatewayListenersOfCallerMax } from "../limits.ts";
import { type Message, messageOf } from "./messages.ts";
import { Sessions } from "./sessions.ts";
import { ToolChanges } from "./tool_changes.ts";
import { type ToolServer, toolServer } from "./tool_server.ts";
import { type Tool, toolsOf } from "./tools.ts";

/** What an {@link Agents} needs. */
interface AgentsOptions {
  readonly calls: Pick<Calls, "call" | "isReadOnly">;
  readonly catalogue: Pick<Catalogue, "document">;
  readonly bodies: BodyReader;
  readonly answers: Answers;
  readonly clock: Clock;
  /** Ends all that wait to be told of other tools. */
  readonly ended: AbortSignal;
}

/**
 * Answers agents: the Model Context Protocol over HTTP, where each message of a client is a POST.
 * Since the version 2026-07-28 each stands for itself; those of older ones belong to a session.
 */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #sessions = new Sessions(() => this.#toolServer());
  readonly #changes: ToolChanges;
  readonly #listenersOf = new Shares();
  #single: McpHttpHandler | undefined;
  /** Apart, so that those who listen are told of the gateway's end, and calls go on. */
  #listening: McpHttpHandler | undefined;
  #made: { readonly document: OpenRpcDocument; readonly tools: readonly Tool[] } | undefined;

  constructor(options: AgentsOptions) {
    this.#options = options;
    const { clock, ended } = options;
    this.#changes = new ToolChanges({ tools: (signal) => this.#tools(signal), clock, ended });
    ended.addEventListener("abort", () => void this.#listening?.close(), { once: true });
  }

  /** A server has come, gone or described itself anew. */
  serverChanged(): void {
    this.#changes.serverChanged();
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
    answers.checkRoom(sender);
    const text = await bodies.read(request, sender);
    checkJsonBody(request, text);
    const parsedBody = bodyOf(text);
    const { createMcpHandler, isLegacyRequest } = await import("@modelcontextprotocol/server");
    const made = () => this.#toolServer(true);
    this.#single ??= createMcpHandler(made, { legacy: "reject" });
    this.#listening ??= createMcpHandler(made, {
      ...{ legacy: "reject", bus: this.#changes, maxSubscriptions: gatewayListenersMax },
    });
    const { url, method, headers: given } = request;
    const asked = new Request(url, { method, headers: given, signal: sender.gone });
    const isLegacy = await isLegacyRequest(asked, parsedBody);
    if (!isLegacy && parsedBody.method === "subscriptions/listen") {
      const listening = this.#listening;
      return await this.#listen(() => listening.fetch(asked, { parsedBody }), sender.caller);
    }
    const response = isLegacy
      ? await this.#sessions.answer(asked, parsedBody, sender.caller)
      : await this.#single.fetch(asked, { parsedBody });
    const headers = Object.fromEntries(response.headers);
    const answer = await response.text();
    if (response.status === 200) return answers.of(answer, headers, sender);
    return reply(answer === "" ? null : answer, { status: response.status, headers });
  }

  /**
   * Answers an agent that wants to be told of other tools, by a stream.
   *
   * @throws {HttpProblem} too many of the caller's listen
   */
  async #listen(answer: () => Promise<Response>, caller: string): Promise<Response> {
    const leave = () => this.#listenersOf.remove(caller);
    if (this.#listenersOf.add(caller) > gatewayListenersOfCallerMax) {
      leave();
      const text = `${gatewayListenersOfCallerMax} of your address listen already`;
      throw new HttpProblem(503, "Overloaded", text);
    }
    let begun: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
    try {
      const { status, headers, body } = await answer();
      begun = body;
      const told = { "content-type": headers.get("content-type") ?? "", ...unbuffered };
      return reply(body && whenEnded(body, leave), { status, headers: told });
    } finally {
      if (begun === null) leave();
    }
  }

  #toolServer(tellsChanges = false): Promise<ToolServer> {
    const { calls } = this.#options;
    return toolServer({
      tellsChanges,
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

/** The same stream. `ended` is called once, whichever side ends it. */
function whenEnded(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ended: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  reader.closed.then(ended, ended);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Parses a message. @throws {HttpProblem} it is none */
function bodyOf(text: string): Message {
  const message = messageOf(text, "body");
  if (!(message instanceof RpcError)) return message;
  throw new HttpProblem(400, message.name, message.message);
}
