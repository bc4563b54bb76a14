import { type Command, runToEnd, startServer } from "../support/child.ts";

/** What a client process does. */
export interface Load {
  /** Connections; with ours, as many client objects. */
  readonly connections: number;
  /** Calls under way on each connection. */
  readonly inFlight: number;
  /** Calls made before any is counted, for as long. */
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Whether each call is timed, which costs a little. */
  readonly latencies: boolean;
  /** Length of a text that each call sends and gets back. @default 0: pings */
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
  /** Processor time of the client while calls were counted. JavaScript's peers tell it. */
  readonly cpuMs?: number;
  /** Calls in all, those that were not counted included. JavaScript's peers tell it. */
  readonly callsEver?: number;
}

/** A system whose server runs. */
export interface RunningSystem extends AsyncDisposable {
  /** What a reader has to know to judge the figures. */
  readonly note: string;
  /** Runs one client process. */
  load(load: Load): Promise<LoadResult>;
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
}): Promise<RunningSystem> {
  const server = await startServer(options.server);
  return {
    note: options.note,
    load: (load) => runLoad(options.client(JSON.stringify({ ...load, port: server.port }))),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
