import {
  type Command,
  runToEnd,
  type Server,
  startServer,
  withManyHandles,
} from "../support/child.ts";
import { onClientCore, onServerCore } from "../support/cores.ts";

/** What a client process does. */
export interface Load {
  /** Connections; with ours, as many client objects. */
  readonly connections: number;
  /** Calls under way on each connection. */
  readonly inFlight: number;
  /** From the first answer on, for as long, calls are made that are not counted. */
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Whether each call is timed, which costs a little. */
  readonly latencies: boolean;
  /** Length of a text that each call sends and gets back. @default 0: pings with an index */
  readonly textLength?: number;
}

/** What a client process prints on the last line of its stdout. */
export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  /** 0 unless the calls were timed. */
  readonly p50Ms: number;
  /** 0 unless the calls were timed. */
  readonly p99Ms: number;
  /** Processor time of the client while calls were counted. Not every peer tells it. */
  readonly cpuMs?: number;
  /** Calls in all, those that were not counted included. Not every peer tells it. */
  readonly callsEver?: number;
}

/** A system whose server runs. */
export interface RunningSystem extends AsyncDisposable {
  /** What a reader has to know to judge the figures. */
  readonly note: string;
  /** Its server's process. */
  readonly pid: number;
  /** Runs one client process. */
  load(load: Load): Promise<LoadResult>;
  /** A client that makes one call and ends; absent: there is none. */
  readonly once?: Command;
  /** Starts a client that holds so many connections, each of which has carried a call. */
  hold?(connections: number): Promise<Server>;
}

/** One of those compared. */
export interface System {
  readonly name: string;
  /**
   * Starts its server.
   *
   * @throws {Error} if it cannot be run here; the message tells why
   */
  start(): Promise<RunningSystem>;
}

/** Runs one client process to its end, and returns what it measured. */
export async function runLoad(command: Command): Promise<LoadResult> {
  const lines = (await runToEnd(command)).trimEnd().split("\n");
  return JSON.parse(lines.at(-1) ?? "");
}

/**
 * A system that is a server program and a client program, which takes the load and the port as
 * JSON.
 */
export async function clientAndServer(options: {
  readonly note: string;
  readonly server: Command;
  readonly client: (argument: string) => Command;
  /** Clients that do something else; absent: there are none. */
  readonly other?: (mode: "hold" | "once", argument: string) => Command;
}): Promise<RunningSystem> {
  const { note, client, other } = options;
  const server = await startServer(await onServerCore(options.server));
  const { pid, port } = server;
  const running = {
    note,
    pid,
    load: async (load: Load) =>
      await runLoad(await onClientCore(client(JSON.stringify({ ...load, port })))),
    [Symbol.asyncDispose]: () => server.stop(),
  };
  if (other === undefined) return running;
  return {
    ...running,
    once: await onClientCore(other("once", JSON.stringify({ port, connections: 1 }))),
    hold: (connections) =>
      startServer(withManyHandles(other("hold", JSON.stringify({ port, connections })))),
  };
}
