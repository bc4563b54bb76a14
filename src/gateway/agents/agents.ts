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
import { Shares } from "../door/shares.ts";
import { gatewayAgentsMax, gatewayAgentsOfCallerMax } from "../limits.ts";
import { type Message, messageOf } from "./messages.ts";
import { toolServer } from "./tool_server.ts";
import { type Tool, toolsOf } from "./tools.ts";

/** What an {@link Agents} needs. */
interface AgentsOptions {
  readonly calls: Pick<Calls, "call" | "isReadOnly">;
  readonly catalogue: Pick<Catalogue, "document">;
  readonly bodies: BodyReader;
  readonly answers: Answers;
}

/** The part of the SDK's transport that is used here. */
interface Transport {
  handleRequest(request: Request, options: { parsedBody: unknown }): Promise<Response>;
  /** Ends the answer to a request without one. */
  closeSSEStream(id: unknown): void;
  onmessage?: (message: unknown) => void;
  close(): Promise<void>;
}

interface Session {
  readonly id: string;
  /** The address that it counts for. */
  readonly caller: string;
  readonly transport: Transport;
  /** Requests that are being answered, each with a function that ends it without an answer. */
  readonly open: Map<unknown, () => void>;
}

const sessionHeader = "mcp-session-id";

/** The ids that a gateway gives to sessions: UUIDs. */
const sessionIdForm = /^[0-9a-f-]{36}$/;

/** How a session begins in the SDK that its client began with this gateway before. */
const beginning = {
  ...{ jsonrpc: "2.0", id: 0, method: "initialize" },
  params: {
    ...{ protocolVersion: "2025-11-25", capabilities: {} },
    clientInfo: { name: "unknown", version: "0" },
  },
};

/** The end of an answer whose request was cancelled: its client does not wait for it. */
const nothing = { headers: { "content-type": "text/event-stream" } };

/**
 * Answers agents: the Model Context Protocol over HTTP, where each message of a client is a POST. A
 * session spans several messages, since a client cancels a request by another one. It holds nothing
 * else, so that one that was forgotten, or was begun before a restart, goes on under its id: the
 * common clients begin no other by themselves.
 */
export class Agents {
  readonly #options: AgentsOptions;
  /** By id, the last used one at the end. */
  readonly #sessions = new Map<string, Session>();
  readonly #sessionsOf = new Shares();
  /** Ids that clients ended, the last ones: nobody goes on with those. */
  readonly #ended = new Set<string>();
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
  async answer(request: Request, { caller, connection }: Sender): Promise<Response> {
    const { bodies, answers } = this.#options;
    const id = request.headers.get(sessionHeader);
    if (request.method === "DELETE") return this.#end(id);
    answers.checkRoom();
    const text = await bodies.read(request, connection);
    checkJsonBody(request, text);
    const body = bodyOf(text);
    const isNew = id === null || !this.#sessions.has(id);
    const session = id === null
      ? await this.#begin(body, caller)
      : this.#known(id) ?? await this.#resume(id, request, body, caller);
    const response = await this.#handle(session, request, body);
    if (isNew && !response.ok) this.#forget(session);
    const headers = Object.fromEntries(response.headers);
    const answer = await response.text();
    if (response.status === 200) return answers.of(answer, headers);
    return reply(answer === "" ? null : answer, { status: response.status, headers });
  }

  /** Lets the SDK answer, unless the request is cancelled before: the SDK would never answer it. */
  async #handle(
    { transport, open }: Session,
    request: Request,
    body: Message,
  ): Promise<Response> {
    const cancelled = cancelledBy(body);
    const handled = () => transport.handleRequest(request, { parsedBody: body });
    const id = idOf(body);
    if (id === undefined) {
      const response = await handled();
      open.get(cancelled)?.();
      return response;
    }
    if (open.has(id)) {
      throw new HttpProblem(400, "InvalidRequest", `A request with the id ${id} is under way`);
    }
    const givenUp = Promise.withResolvers<Response>();
    const params = { requestId: id, reason: "Its client has gone" };
    const leave = () => {
      transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/cancelled", params });
      open.get(id)?.();
    };
    open.set(id, () => {
      transport.closeSSEStream(id);
      givenUp.resolve(reply("", nothing));
    });
    request.signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([handled(), givenUp.promise]);
    } finally {
      // The runtime lets a request's signal abort also when its answer has been sent.
      request.signal.removeEventListener("abort", leave);
      open.delete(id);
    }
  }

  #begin(body: Message, caller: string): Promise<Session> {
    if (body.method !== "initialize") {
      const text = "Begin by initialize, and send the Mcp-Session-Id of its answer with the others";
      throw new HttpProblem(400, "InvalidRequest", text);
    }
    return this.#make(crypto.randomUUID(), caller);
  }

  /** @throws {HttpProblem} no gateway has begun it */
  #resume(id: string, request: Request, body: Message, caller: string): Promise<Session> {
    const isOurs = sessionIdForm.test(id) && !this.#ended.has(id);
    if (body.method === "initialize" || !isOurs) throw noSuchSession();
    return this.#make(id, caller, request);
  }

  /** @param resuming the request that goes on with it; `undefined`: it begins */
  async #make(id: string, caller: string, resuming?: Request): Promise<Session> {
    const { calls } = this.#options;
    // With a computed name, because `deno doc`, which our tests run, cannot resolve this file.
    const { WebStandardStreamableHTTPServerTransport } = await import(
      "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
    );
    const server = await toolServer({
      tools: (signal) => this.#tools(signal),
      call: (method, params, signal) => calls.call(method, params, { signal }),
    });
    const transport: Transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      // An answer is always a single message.
      enableJsonResponse: true,
    });
    await server.connect(transport);
    if (resuming !== undefined) await transport.handleRequest(resuming, { parsedBody: beginning });
    // Only now, since others may have begun meanwhile, or another message of the same session come.
    const other = this.#known(id);
    if (other !== undefined) return other;
    this.#makeRoom(caller);
    const session = { id, caller, transport, open: new Map<unknown, () => void>() };
    this.#sessions.set(id, session);
    this.#sessionsOf.add(caller);
    return session;
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

  /**
   * Drops the session that was unused for longest, of the caller if it has its share.
   */
  #makeRoom(caller: string): void {
    const isOfCaller = this.#sessionsOf.of(caller) >= gatewayAgentsOfCallerMax;
    if (!isOfCaller && this.#sessions.size < gatewayAgentsMax) return;
    const idle = this.#sessions.values().find((session) =>
      session.open.size === 0 && (!isOfCaller || session.caller === caller)
    );
    if (idle !== undefined) return this.#forget(idle);
    const which = isOfCaller
      ? `${gatewayAgentsOfCallerMax} agents of your address`
      : `${gatewayAgentsMax} agents`;
    throw new HttpProblem(503, "Overloaded", `${which} are being answered`);
  }

  #known(id: string): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    return session;
  }

  #end(id: string | null): Response {
    const session = this.#sessions.get(id ?? "");
    if (id === null || session === undefined) throw noSuchSession();
    this.#forget(session);
    if (this.#ended.size >= gatewayAgentsMax) {
      this.#ended.delete(this.#ended.values().next().value ?? "");
    }
    this.#ended.add(id);
    return reply(null, { status: 204 });
  }

  #forget(session: Session): void {
    if (this.#sessions.get(session.id) === session) {
      this.#sessions.delete(session.id);
      this.#sessionsOf.remove(session.caller);
    }
    for (const giveUp of session.open.values()) giveUp();
    void session.transport.close();
  }
}

/** The protocol's way to tell a client to begin a new session. */
function noSuchSession(): HttpProblem {
  return new HttpProblem(404, "InvalidRequest", "No such session");
}

/** Parses a message. @throws {HttpProblem} it is none */
function bodyOf(text: string): Message {
  const message = messageOf(text, "body");
  if (!(message instanceof RpcError)) return message;
  throw new HttpProblem(400, message.name, message.message);
}

/** The id of a request; `undefined`: it is none. */
function idOf({ id, method }: Message): unknown {
  return method === undefined ? undefined : id;
}

/** The id of the request that a notification cancels. */
function cancelledBy({ method, params }: Message): unknown {
  return method === "notifications/cancelled" ? params?.requestId : undefined;
}
