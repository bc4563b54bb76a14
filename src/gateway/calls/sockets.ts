import { Budget } from "../../base/bounds/budget.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { MessageBound } from "../../wire/message_bound.ts";
import type { Sender } from "../door/connections.ts";
import { Offences } from "../door/offences.ts";
import { HttpProblem } from "../door/problem.ts";
import { Shares } from "../../base/bounds/shares.ts";
import {
  gatewaySocketsUnreadBytesMax,
  gatewayStreamsMax,
  gatewayStreamsOfCallerMax,
} from "../limits.ts";
import { callOptionsOf } from "./call_options.ts";
import type { Calls } from "./calls.ts";
import type { BatchTurns } from "./json_rpc.ts";
import { SocketSession } from "./socket_session.ts";

/** What {@link Sockets} need. */
interface SocketsOptions {
  readonly calls: Calls;
  readonly clock: Clock;
  /** The bound on messages in both directions. */
  readonly bound: MessageBound;
  /** When a caller may begin the next part of a batch, or of its messages. */
  readonly turnsOf: (caller: string) => BatchTurns;
}

/** The protocol that is chosen for a WebSocket, if it offers any. */
const socketProtocol = "rpc";

/** All WebSockets of a gateway, with what they may take together and for each caller. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #sessions = new Set<SocketSession>();
  readonly #sessionsOf = new Shares();
  readonly #offences: Offences;
  /** Unread bytes of all. */
  readonly #unread: Budget;

  constructor(options: SocketsOptions) {
    const { bound, clock } = options;
    this.#options = options;
    this.#offences = new Offences(clock);
    const unreadMax = Math.max(gatewaySocketsUnreadBytesMax, 2 * bound.bytes);
    this.#unread = new Budget(unreadMax, clock);
  }

  /** How many are open. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Makes a request's connection a WebSocket.
   *
   * @throws {HttpProblem} 503: too many are open; 400: it is not a valid request for one
   */
  open(request: Request, sender: Sender): Response {
    const { caller, address, connection } = sender;
    if (this.#offences.areTooMany(address)) {
      connection?.linger();
      const text = "Cannot open a WebSocket: too many of your address sent too much";
      throw new HttpProblem(503, "Overloaded", text, { connection: "close" });
    }
    if (this.#sessions.size >= gatewayStreamsMax) {
      throw new HttpProblem(503, "Overloaded", `${gatewayStreamsMax} WebSockets are open already`);
    }
    if (this.#sessionsOf.add(caller) > gatewayStreamsOfCallerMax) {
      this.#sessionsOf.remove(caller);
      const text = `${gatewayStreamsOfCallerMax} WebSockets of your address are open already`;
      throw new HttpProblem(503, "Overloaded", text);
    }
    try {
      return this.#upgrade(request, sender);
    } catch (error) {
      this.#sessionsOf.remove(caller);
      throw error;
    }
  }

  /** Has them take no more calls. Resolves when all are answered and closed. */
  async drain(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.drain()));
  }

  #upgrade(request: Request, { caller, address, connection }: Sender): Response {
    const { calls, clock, bound, turnsOf } = this.#options;
    const { traceparent, timeoutMs } = callOptionsOf(request);
    const { socket, response } = upgraded(request);
    const turns = turnsOf(caller);
    const offended = () => this.#offences.add(address);
    const linger = () => connection?.linger();
    const session = new SocketSession(
      socket,
      { calls, clock, bound, unread: this.#unread, owner: address, turns, offended, linger },
      { traceparent, timeoutMs },
    );
    this.#sessions.add(session);
    connection?.begin();
    socket.addEventListener("message", () => connection?.message());
    socket.addEventListener("close", () => connection?.end());
    session.ended.addEventListener("abort", () => {
      this.#sessions.delete(session);
      this.#sessionsOf.remove(caller);
    }, { once: true });
    return response;
  }
}

/** @throws {HttpProblem} 400: it is not a valid request for a WebSocket */
function upgraded(request: Request): Deno.WebSocketUpgrade {
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",")
    .some((one) => one.trim() === socketProtocol);
  try {
    return Deno.upgradeWebSocket(request, offered ? { protocol: socketProtocol } : {});
  } catch (error) {
    const text = `Cannot open a WebSocket: ${messageOf(error)}`;
    throw new HttpProblem(400, "InvalidRequest", text);
  }
}
