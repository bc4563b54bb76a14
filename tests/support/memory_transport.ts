import { RpcError } from "../../src/base/errors.ts";
import { addressOf } from "../../src/base/names/host_port.ts";
import type { Duplex, Target, Transport } from "../../src/client/transport.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { decodeRequest } from "./decode_request.ts";
import { encodeError, encodeNotification, encodeResult } from "../../src/wire/codec.ts";
import { LineSplitter } from "../../src/wire/lines.ts";
import type { Id, Request } from "../../src/wire/message.ts";
import { reservedMethods } from "../../src/wire/reserved.ts";

/** A request as a fake server sees it, with the means to answer it now or later. */
export interface ReceivedCall {
  readonly id: Id;
  readonly method: string;
  readonly params: Request["params"];
  /** The credit of a call that asks for a stream. */
  readonly stream: number | undefined;
  /** The time left, as the client said. */
  readonly timeoutMs: number | undefined;
  /** The trace that it belongs to, as the client said. */
  readonly traceparent: string | undefined;
  readonly connection: FakeConnection;
  result(value: unknown): void;
  error(error: RpcError): void;
}

/** What a fake server does with a call: answers it, keeps it for later, or leaves it for ever. */
export type Answer = (call: ReceivedCall) => void;

/** Leaves calls unanswered, as one that takes long. */
export const keep: Answer = () => {};

/** Answers with the first parameter, or with the method's name. */
export const echo: Answer = (call) =>
  call.result(Array.isArray(call.params) ? call.params[0] : call.method);

/**
 * A transport within the process. Behind each address stands a {@link FakeServer} that a test
 * scripts, and that speaks through the real codec; an address without one refuses connections.
 */
export class MemoryTransport implements Transport {
  readonly #servers = new Map<string, FakeServer>();
  /** Attempts and connections that there are handles for. */
  handles = Infinity;
  /** Whether it says so, as only some systems do. */
  tellsHandles = false;
  /** Attempts that found no handle. */
  starved = 0;
  #handlesTaken = 0;

  /** The server at `127.0.0.1:port`, made when first asked for. */
  server(port: number): FakeServer {
    const address = `127.0.0.1:${port}`;
    const known = this.#servers.get(address);
    if (known !== undefined) return known;
    const server = new FakeServer();
    this.#servers.set(address, server);
    return server;
  }

  get handlesTaken(): number {
    return this.#handlesTaken;
  }

  handlesLeft(): number | undefined {
    return this.tellsHandles ? this.handles - this.#handlesTaken : undefined;
  }

  async connect(target: Target, signal: AbortSignal): Promise<Duplex> {
    await Promise.resolve();
    signal.throwIfAborted();
    const giveBack = this.#takeHandle();
    try {
      const server = this.#servers.get(addressOf(target));
      if (server === undefined) throw new Error("connection refused");
      return new CountedDuplex(await server.accept(signal), giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  #takeHandle(): () => void {
    if (this.#handlesTaken >= this.handles) {
      this.starved++;
      throw Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
    }
    this.#handlesTaken++;
    let isTaken = true;
    return () => {
      if (isTaken) this.#handlesTaken--;
      isTaken = false;
    };
  }
}

/** A stream that gives its handle back when this end closes it. */
class CountedDuplex implements Duplex {
  readonly #duplex: Duplex;
  readonly #closed: () => void;

  constructor(duplex: Duplex, closed: () => void) {
    this.#duplex = duplex;
    this.#closed = closed;
  }

  get usableToMs(): number | undefined {
    return this.#duplex.usableToMs;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#duplex.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#duplex.write(bytes);
  }

  close(): void {
    this.#closed();
    this.#duplex.close();
  }
}

/**
 * One server: by default it accepts, answers pings, and echoes. Fields change what it does from now
 * on.
 */
export class FakeServer {
  /** `"refuse"`: connections are refused; `"hang"`: they are neither made nor refused. */
  accepts: "accept" | "refuse" | "hang" = "accept";
  /** When the certificates of its next connections end. @default it has none */
  usableToMs: number | undefined;
  /** `false`: `rpc.ping` is left without an answer. */
  answersPings = true;
  /** What it says of its load when it is asked. @default nothing */
  loadSaid: unknown;
  /** What it was told when it was asked. */
  readonly loadsTold: unknown[] = [];
  /** Whether `rpc.discover` is answered at all. */
  describesItself = true;
  /** Makes the OpenRPC document; `undefined`: `rpc.discover` is unknown. */
  describe: () => unknown = () => undefined;
  /** What `rpc.stats` is answered with. @default that is unknown */
  stats: unknown;
  /** What it does with calls to procedures. */
  answer: Answer = echo;
  /** Attempts to connect, the refused ones included. */
  attempts = 0;
  /** Calls to procedures, in the order in which they came. */
  readonly calls: ReceivedCall[] = [];
  /** Calls to `rpc.` methods other than `rpc.cancel`, by name. */
  readonly reserved: string[] = [];
  /** The ids that `rpc.cancel` named. */
  readonly cancelled: unknown[] = [];
  /** What `rpc.more` granted, over all streams. */
  readonly granted: number[] = [];
  readonly #connections = new Set<FakeConnection>();

  /** Open connections. */
  get connections(): readonly FakeConnection[] {
    return [...this.#connections];
  }

  /** It answers nothing at all from now on, as a stopped process; its connections stay. */
  hang(): void {
    this.answersPings = false;
    this.answer = () => {};
  }

  /** It dies: all its connections close, and new ones are refused. */
  die(): void {
    this.accepts = "refuse";
    for (const connection of this.connections) connection.close();
  }

  /** Asks all clients to send new calls elsewhere. */
  goaway(): void {
    for (const connection of this.connections) connection.goaway();
  }

  /** The server's end of a connection attempt. */
  accept(signal: AbortSignal): Promise<Duplex> {
    this.attempts++;
    if (this.accepts === "refuse") return Promise.reject(new Error("connection refused"));
    if (this.accepts === "hang") {
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    }
    const connection = new FakeConnection(
      (line, from) => this.#receive(line, from),
      () => this.#connections.delete(connection),
      this.usableToMs,
    );
    this.#connections.add(connection);
    return Promise.resolve(connection);
  }

  #receive(line: string, connection: FakeConnection): void {
    const request = decodeRequest(line);
    if (request instanceof BadMessage) {
      connection.send(encodeError(request.id, request.error));
      return;
    }
    if (!("method" in request)) throw new Error("The client sends no batches");
    const { method, params, meta } = request;
    const id = request.id ?? null;
    const call: ReceivedCall = {
      id,
      stream: meta?.stream,
      method,
      params,
      timeoutMs: meta?.timeoutMs,
      traceparent: meta?.traceparent,
      connection,
      result: (value) => connection.send(encodeResult(id, value)),
      error: (error) => connection.send(encodeError(id, error)),
    };
    if (method === reservedMethods.more) {
      this.granted.push((params as { n: number }).n);
    } else if (method === reservedMethods.cancel) {
      this.cancelled.push((params as { id: unknown }).id);
    } else if (method.startsWith("rpc.")) {
      this.reserved.push(method);
      this.#answerReserved(call);
    } else {
      this.calls.push(call);
      this.answer(call);
    }
  }

  #answerReserved(call: ReceivedCall): void {
    if (call.method === reservedMethods.ping) {
      if (!this.answersPings) return;
      if (call.params === undefined) return call.result("pong");
      this.loadsTold.push((call.params as Record<string, unknown>)["load"]);
      const said = this.loadSaid;
      call.result(typeof said === "number" ? { connections: 1, load: said } : said ?? "pong");
      return;
    }
    if (call.method === reservedMethods.stats && this.stats !== undefined) {
      return call.result(this.stats);
    }
    if (call.method === reservedMethods.discover && !this.describesItself) return;
    const document = call.method === reservedMethods.discover ? this.describe() : undefined;
    if (document !== undefined) call.result(document);
    else call.error(new RpcError("MethodNotFound", `No method ${call.method}`));
  }
}

/**
 * One connection: its client reads and writes it as a {@link Duplex}, and a test does with it what
 * it likes.
 */
export class FakeConnection implements Duplex {
  readonly #receive: (line: string, connection: FakeConnection) => void;
  readonly #closed: () => void;
  readonly #splitter = new LineSplitter();
  readonly #chunks: Uint8Array[] = [];
  #state: "open" | "ended" | "reset" | "closed" = "open";
  #wake: (() => void) | undefined;
  /** Bytes to the client that get lost before any arrives again. */
  bytesToLose = 0;
  /** What waits for the network; `undefined`: nothing has to. */
  #held: (() => void)[] | undefined;
  readonly usableToMs: number | undefined;

  constructor(
    receive: (line: string, connection: FakeConnection) => void,
    closed: () => void,
    usableToMs: number | undefined,
  ) {
    this.#receive = receive;
    this.#closed = closed;
    this.usableToMs = usableToMs;
  }

  /** The server ends it in an orderly way. */
  close(): void {
    this.#end("ended");
  }

  /** It breaks: the client's reads and writes fail. */
  reset(): void {
    this.#end("reset");
  }

  /** The network is cut: nothing arrives at either end until {@link restore}. */
  cut(): void {
    this.#held ??= [];
  }

  /** All arrives that was sent meanwhile. */
  restore(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const arrive of held) arrive();
  }

  /** Sends the client a goaway. */
  goaway(): void {
    this.send(encodeNotification(reservedMethods.goaway));
  }

  /** Sends the client any text. */
  send(text: string): void {
    if (this.#state !== "open") return;
    const bytes = new TextEncoder().encode(text);
    const lost = Math.min(this.bytesToLose, bytes.length);
    this.bytesToLose -= lost;
    if (lost === bytes.length) return;
    const arrive = () => {
      this.#chunks.push(bytes.subarray(lost));
      this.#wake?.();
    };
    if (this.#held === undefined) arrive();
    else this.#held.push(arrive);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#state === "reset") throw new Error("connection reset by peer");
      if (this.#state !== "open") return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const chunk = this.#chunks.shift() as Uint8Array;
    const taken = chunk.subarray(0, buffer.length);
    if (taken.length < chunk.length) this.#chunks.unshift(chunk.subarray(taken.length));
    buffer.set(taken);
    return taken.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#state !== "open") return Promise.reject(new Error("broken pipe"));
    for (const line of this.#splitter.push(bytes)) {
      const arrive = () => this.#receive(line as string, this);
      if (this.#held === undefined) arrive();
      else this.#held.push(arrive);
    }
    return Promise.resolve(bytes.length);
  }

  #end(state: "ended" | "reset"): void {
    if (this.#state !== "open") return;
    this.#state = state;
    this.#closed();
    this.#wake?.();
  }
}
