import type {
  RequestId,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { HttpProblem } from "../door/problem.ts";
import { reply } from "../door/reply.ts";
import { Shares } from "../../base/bounds/shares.ts";
import { gatewayAgentsMax, gatewayAgentsOfCallerMax } from "../limits.ts";
import type { Message } from "./messages.ts";
import type { ToolServer } from "./tool_server.ts";

interface Session {
  readonly id: string;
  /** The address that it counts for. */
  readonly caller: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  /** Requests that are being answered, each with a function that ends it without an answer. */
  readonly open: Map<unknown, () => void>;
}

/** The header that names the session of a request. */
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
 * The sessions of agents that speak a version of the protocol before 2026-07-28. A session spans
 * several messages, since a client cancels a request by another one. It holds nothing else, so that
 * one that was forgotten, or was begun before a restart, goes on under its id: the common clients
 * begin no other by themselves.
 */
export class Sessions {
  readonly #toolServer: () => Promise<ToolServer>;
  /** By id, the last used one at the end. */
  readonly #sessions = new Map<string, Session>();
  readonly #sessionsOf = new Shares();
  /** Ids that clients ended, the last ones: nobody goes on with those. */
  readonly #ended = new Set<string>();

  /** @param toolServer makes what answers one of them */
  constructor(toolServer: () => Promise<ToolServer>) {
    this.#toolServer = toolServer;
  }

  /**
   * Answers a message.
   *
   * @param caller whom a session counts for
   * @throws {HttpProblem} there is no such session, or no room for one
   */
  async answer(request: Request, body: Message, caller: string): Promise<Response> {
    const id = request.headers.get(sessionHeader);
    const isNew = id === null || !this.#sessions.has(id);
    const session = id === null
      ? await this.#begin(body, caller)
      : this.#known(id) ?? await this.#resume(id, request, body, caller);
    const response = await this.#handle(session, request, body);
    if (isNew && !response.ok) this.#forget(session);
    return response;
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
    // It may have gone while its session was made.
    if (request.signal.aborted) return reply("", nothing);
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
    const { WebStandardStreamableHTTPServerTransport } = await import(
      "@modelcontextprotocol/server"
    );
    const server = await this.#toolServer();
    const transport = new WebStandardStreamableHTTPServerTransport({
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

  /** Answers the DELETE that ends one. @throws {HttpProblem} there is none */
  end(request: Request): Response {
    const id = request.headers.get(sessionHeader);
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

/** The id of a request; `undefined`: it is none. */
function idOf({ id, method }: Message): RequestId | undefined {
  return method === undefined ? undefined : id;
}

/** The id of the request that a notification cancels. */
function cancelledBy({ method, params }: Message): unknown {
  return method === "notifications/cancelled" ? params?.requestId : undefined;
}
