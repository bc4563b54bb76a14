import type { Clock } from "../base/clock.ts";
import { isRpcError, messageOf } from "../base/errors.ts";
import { gatewayRequestsMax, gatewayRequestsOfCallerMax } from "./limits.ts";
import { callerAddress } from "../base/names/site.ts";
import type { Logger } from "../base/log.ts";
import type { Access } from "./door/access.ts";
import type { Agents } from "./agents/agents.ts";
import type { Answers } from "./door/answers.ts";
import type { BodyReader } from "./door/body.ts";
import type { Sender } from "./door/connections.ts";
import { Leftovers } from "./door/leftovers.ts";
import { HttpProblem, jsonRpcRefusal, problemResponse } from "./door/problem.ts";
import { reply } from "./door/reply.ts";
import { Shares } from "../base/bounds/shares.ts";
import { PartTurns } from "./door/turns.ts";
import { targetOf } from "./door/target.ts";
import { callOptionsOf, checkJsonBody, timeoutHeader } from "./calls/call_options.ts";
import type { Calls } from "./calls/calls.ts";
import type { Catalogue } from "./calls/catalogue.ts";
import type { MessageBound } from "../wire/message_bound.ts";
import type { ClientStats } from "../client/client_options.ts";
import type { Live } from "./calls/live.ts";
import { assetAt } from "./page/assets.ts";
import { metricsPage, metricsType } from "./documents/metrics.ts";
import { DocumentTexts } from "./documents/texts.ts";
import { answerCall, serverHeader } from "./calls/http_call.ts";
import { answerJsonRpc, type BatchTurns } from "./calls/json_rpc.ts";
import { Sockets } from "./calls/sockets.ts";

/** What {@link Routes} need. */
interface RoutesOptions {
  readonly access: Access;
  readonly agents: Pick<Agents, "answer">;
  readonly bodies: BodyReader;
  readonly answers: Answers;
  readonly calls: Calls;
  readonly catalogue: Catalogue;
  readonly live: Live;
  readonly clientStats: () => ClientStats;
  /** Whether a call would find a server. */
  readonly isReady: () => boolean;
  /**
   * The gateway's address in documents, without a slash at its end.
   *
   * @default the one that each request names
   */
  readonly publicUrl?: string | undefined;
  /** The bound on messages in both directions. */
  readonly bound: MessageBound;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The path of calls, before the method's name. */
const callPath = "/call/";

/** The path of agents' messages. */
const agentsPath = "/mcp";

/**
 * Routes requests. Everything that acts is a POST or a WebSocket. All but the probes and the page's
 * own files need the token.
 */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #sockets: Sockets;
  readonly #leftovers: Leftovers;
  readonly #turns = new PartTurns();
  readonly #requestsOf = new Shares();
  readonly #texts = new DocumentTexts();
  #requests = 0;
  #isDraining = false;

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#leftovers = new Leftovers(options.clock);
    const { calls, clock, bound } = options;
    const turnsOf = (caller: string) => this.#turnsOf(caller);
    this.#sockets = new Sockets({ calls, clock, bound, turnsOf });
  }

  /**
   * Answers a request. Never rejects.
   *
   * @param from the peer's `host:port`
   * @param connection to be told of a WebSocket and its messages
   */
  async answer(
    request: Request,
    from: string,
    connection?: Sender["connection"],
  ): Promise<Response> {
    const address = callerAddress(from) ?? "";
    const caller = address === "" ? from : address;
    const count = this.#requestsOf.add(caller);
    const { signal } = request;
    const gone = new AbortController();
    const leave = () => gone.abort();
    const forget = connection?.onLeft(leave);
    // AbortSignal.any takes 7 µs, a tenth of what the gateway takes for a short call.
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave);
    try {
      return await this.#answerIn(
        request,
        { caller, address, connection, gone: gone.signal },
        count,
      );
    } finally {
      forget?.();
      // The runtime lets it abort also when the answer has been sent.
      signal.removeEventListener("abort", leave);
      this.#requestsOf.remove(caller);
    }
  }

  /** @param count how many requests of the caller are under way */
  async #answerIn(request: Request, sender: Sender, count: number): Promise<Response> {
    const { access, log } = this.#options;
    let cors: Readonly<Record<string, string>> | undefined;
    let refusal = problemResponse;
    this.#requests++;
    try {
      const url = targetOf(request);
      if (url.pathname === agentsPath) refusal = jsonRpcRefusal;
      const origin = request.headers.get("origin");
      access.checkPlace(url, request.headers);
      cors = access.corsHeaders(origin);
      if (this.#requests > gatewayRequestsMax && !this.#options.bodies.makeRoom()) {
        const text = `Cannot take the request: ${gatewayRequestsMax} are being answered`;
        throw new HttpProblem(503, "Overloaded", text);
      }
      if (count > gatewayRequestsOfCallerMax) {
        const text = `Cannot take the request: ${gatewayRequestsOfCallerMax} of your address are ` +
          "being answered";
        throw new HttpProblem(503, "Overloaded", text);
      }
      const answer = await this.#answer(request, url, sender);
      return cors === undefined ? answer : withHeaders(answer, cors);
    } catch (error) {
      if (error instanceof HttpProblem) {
        const answer = refusal(error.error, { ...error.headers, ...cors }, error.status);
        // Its place is free by now: the request counts as answered.
        return this.#leftovers.read(request).then(() => {
          sender.connection?.message();
          return answer;
        });
      }
      if (isRpcError(error)) return refusal(error, cors);
      // Nobody waits for the answer to a request that was given up.
      if (!request.signal.aborted) {
        log.warn("Cannot answer a request", { reason: messageOf(error) });
      }
      return reply("failed\n", { status: 500, headers: cors });
    } finally {
      this.#requests--;
    }
  }

  /** Takes no more calls. Resolves when all WebSockets are answered and closed. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#sockets.drain();
  }

  async #answer(request: Request, url: URL, sender: Sender): Promise<Response> {
    const { pathname } = url;
    if (request.method === "OPTIONS") return this.#preflight(request);
    if (pathname === "/healthz") return text(request, 200, "ok");
    if (pathname === "/readyz") {
      return this.#options.isReady()
        ? text(request, 200, "ready")
        : text(request, 503, "not ready");
    }
    if (this.#isDraining) {
      const text = "This gateway ends: ask another one";
      throw new HttpProblem(503, "Draining", text, { connection: "close" });
    }
    if (pathname.startsWith(callPath)) {
      allow(request, "POST");
      this.#options.access.checkToken(request.headers, url);
      return await answerCall(request, methodOf(pathname), this.#options, sender);
    }
    const asset = isLook(request) ? assetAt(pathname) : undefined;
    if (asset !== undefined) return asset;
    if (pathname === "/") return await this.#root(request, url, sender);
    if (pathname === agentsPath) {
      // A GET would wait for unsolicited messages, of which there are none.
      allow(request, "POST", "DELETE");
      this.#options.access.checkToken(request.headers, url);
      return await this.#options.agents.answer(request, sender);
    }
    if (pathname === "/session") return this.#session(request, url);
    const document = await this.#document(request, url, sender);
    if (document !== undefined) return document;
    throw new HttpProblem(
      404,
      "MethodNotFound",
      `There is nothing at ${pathname}: a call is POST /call/<method>`,
    );
  }

  /** Gives a page that has the token a cookie, so that it need not store it. */
  #session(request: Request, url: URL): Response {
    const { access } = this.#options;
    allow(request, "POST");
    access.checkToken(request.headers, url);
    const cookie = access.cookieFor(url);
    return reply(null, {
      status: 204,
      headers: cookie === undefined ? {} : { "set-cookie": cookie },
    });
  }

  /** Documents that are only read; `undefined` if the path is none of these. */
  async #document(request: Request, url: URL, sender: Sender): Promise<Response | undefined> {
    const { pathname, origin } = url;
    if (!/^\/(openrpc\.json|openapi\.json|live|metrics)$/.test(pathname)) return undefined;
    const { access, answers, calls, catalogue, live, clientStats } = this.#options;
    allow(request, "GET", "HEAD");
    access.checkToken(request.headers, url);
    answers.checkRoom(sender);
    if (pathname === "/metrics") {
      const { inFlight, counts } = calls;
      const page = { inFlight, counts, sockets: this.#sockets.size, client: clientStats() };
      return reply(metricsPage(page), { headers: { "content-type": metricsType } });
    }
    if (pathname === "/live") return live.response(sender.caller);
    const document = await catalogue.document(request.signal);
    const text = pathname === "/openrpc.json"
      ? this.#texts.openRpc(document)
      : this.#texts.openApi(document, this.#options.publicUrl ?? origin);
    return answers.of(text, { "content-type": "application/json" }, sender);
  }

  async #root(request: Request, url: URL, sender: Sender): Promise<Response> {
    const { access } = this.#options;
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
      access.checkToken(request.headers, url);
      return this.#sockets.open(request, sender);
    }
    allow(request, "POST");
    access.checkToken(request.headers, url);
    const given = { ...callOptionsOf(request), signal: sender.gone };
    this.#options.answers.checkRoom(sender);
    const body = await this.#options.bodies.read(request, sender);
    checkJsonBody(request, body);
    // The time that members of a batch wait for their turn counts.
    const begunAtMs = this.#options.clock.now();
    const { text, server } = await answerJsonRpc(
      body,
      this.#options.calls,
      { ...given, begunAtMs },
      this.#options.bound,
      this.#turnsOf(sender.caller),
    );
    if (text === undefined) return reply(null, { status: 204 });
    return this.#options.answers.of(text, {
      "content-type": "application/json",
      ...serverHeader({ server }),
    }, sender);
  }

  #turnsOf(caller: string): BatchTurns {
    const places = this.#options.calls.batchPlaces;
    return { caller, places, turn: () => this.#turns.next(caller) };
  }

  /** The preflight of a browser before a page of another origin may send JSON. */
  #preflight(request: Request): Response {
    const { access } = this.#options;
    if (!access.isAllowedOrigin(request.headers.get("origin"))) {
      return reply(null, { status: 204 });
    }
    return reply(null, {
      status: 204,
      headers: {
        "access-control-allow-methods": "POST, GET, DELETE",
        "access-control-allow-headers":
          `authorization, content-type, accept, traceparent, ${timeoutHeader}, ` +
          "mcp-session-id, mcp-protocol-version, mcp-method, mcp-name",
        "access-control-max-age": "600",
      },
    });
  }
}

/** Whether a request only reads. A WebSocket's request is a GET too. */
function isLook({ method, headers }: Request): boolean {
  return (method === "GET" || method === "HEAD") && !headers.has("upgrade");
}

/** @throws {HttpProblem} 405: the method is not allowed */
function allow({ method }: Request, ...methods: readonly string[]): void {
  if (methods.includes(method)) return;
  const allowed = methods.join(", ");
  throw new HttpProblem(405, "InvalidRequest", `Cannot take ${method} here: send ${allowed}`, {
    allow: allowed,
  });
}

/** The name of the method in a path. @throws {HttpProblem} */
function methodOf(pathname: string): string {
  try {
    return decodeURIComponent(pathname.slice(callPath.length));
  } catch {
    throw new HttpProblem(400, "InvalidRequest", "Cannot read the method's name in the path");
  }
}

function text(request: Request, status: number, body: string): Response {
  allow(request, "GET", "HEAD");
  return reply(`${body}\n`, { status, headers: { "content-type": "text/plain" } });
}

/** Adds headers to a finished answer, which costs as much as making it. */
function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  // The answer to an upgrade is made by the runtime.
  if (response.status === 101) return response;
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}
