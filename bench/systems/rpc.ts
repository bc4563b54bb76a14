import { type Command, startServer, withManyHandles } from "../support/child.ts";
import { onClientCore, onServerCore } from "../support/cores.ts";
import { denoCommand, pathOf, rpcCommand } from "../support/deno_command.ts";
import { ownBinary } from "../support/own_binary.ts";
import { type Load, type LoadResult, runLoad, type RunningSystem, type System } from "./system.ts";
import { withKeys } from "./with_keys.ts";

/** A method that `bench/peers/rpc_client.ts` knows the answers of. */
export interface Method {
  readonly method: string;
  /** What every call sends. @default a text if the load has a length, else an index */
  readonly parameter?: unknown;
}

/** The name under which ours stands in every table. */
export const rpcName = "rpc";

/**
 * Ours: `rpc serve`, and a process with the library's client, which find each other in a registry.
 */
export const rpc: System = {
  name: rpcName,
  start: () => startOwn({ method: "ping" }),
};

/** The same, whose single call is made by the program as a binary. */
export const rpcBinary: System = {
  name: rpcName,
  async start() {
    const program = await ownBinary();
    return await startOwn({ method: "ping" }, [], {}, (args) => ({ program, args }));
  },
};

/** Ours with two workers, however many cores it has. */
export const rpcTwoWorkers: System = {
  name: rpcName,
  start: () => startOwn({ method: "ping" }, ["--workers", "2"]),
};

/** The same, of whose workers one is kept while nobody calls. */
export const rpcOneKept: System = {
  name: "rpc --workers-min 1",
  start: () => startOwn({ method: "ping" }, ["--workers", "2", "--workers-min", "1"]),
};

/** Ours, with a procedure that returns what it is given, in a worker for `io`. */
export const rpcEcho: System = {
  name: rpcName,
  start: () => startOwn({ method: "echoIo" }, sameModule),
};

/** The same in a worker of a kind, which is the name. */
export function rpcHop(name: string, method: string): System {
  return { name, start: () => startOwn({ method }, sameModule) };
}

/** What serves the procedures that return what they are given. */
export const sameModule: readonly string[] = [
  ...[pathOf("../peers/same.ts"), "--workers", "1", "--message-max", "64M"],
];

/** Ours with keys: TLS 1.3 with certificates on both sides. */
export const rpcWithKeys: System = {
  name: "rpc with keys",
  async start() {
    const running = await withKeys((env) => startOwn({ method: "ping" }, [], env));
    const note = "rpc keys init, and then the same: TLS 1.3, P-256, certificates on both sides";
    return { ...running, note };
  },
};

async function startOwn(
  method: Method,
  more: readonly string[] = [],
  env: Command["env"] = {},
  commandOf: (args: readonly string[]) => Command = rpcCommand,
): Promise<RunningSystem> {
  const registry = await temporaryRegistry();
  const { url } = registry;
  const command = serveCommand(url, more, env);
  const { pid, port, stop } = await startServer(await onServerCore(command));
  return {
    note: "rpc serve, and the library's Client, by discovery (local:) and balancer",
    pid,
    load: async (load) => await runLoad(await onClientCore(clientCommand(url, load, method, env))),
    once: await onClientCore({ ...commandOf(["call", "ping", "1", "--registry", url]), env }),
    hold: (connections) =>
      // A list, because so many clients that watch a directory are more than a process may have.
      startServer(withManyHandles(denoCommand("peers/rpc_client.ts", [
        "hold",
        JSON.stringify({ registry: `static:127.0.0.1:${port}`, connections }),
      ]))),
    async [Symbol.asyncDispose]() {
      await stop();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** Starts `rpc serve` on any free port of the loopback, with more arguments if there are any. */
export function startRpcServer(
  registry: string,
  more: readonly string[] = [],
  env: Command["env"] = {},
) {
  return startServer(serveCommand(registry, more, env));
}

function serveCommand(
  registry: string,
  more: readonly string[],
  env: Command["env"] = {},
): Command {
  const command = rpcCommand([
    ...["serve", "127.0.0.1", "0", "--registry", registry],
    ...["--drain-grace", "0", "--log-level", "error", ...more],
  ]);
  return { ...command, env };
}

/** Runs a process with the library's client. */
export function runRpcClient(
  registry: string,
  load: Load,
  method: Method,
  env: Command["env"] = {},
): Promise<LoadResult> {
  return runLoad(clientCommand(registry, load, method, env));
}

/** A process with the library's client, which makes calls. */
export function clientCommand(
  registry: string,
  load: Load,
  method: Method,
  env: Command["env"] = {},
): Command {
  const argument = JSON.stringify({ registry, ...method, ...load });
  return { ...denoCommand("peers/rpc_client.ts", ["client", argument]), env };
}

/** A registry of one's own: a directory that is gone afterwards. */
export async function temporaryRegistry(): Promise<
  { readonly url: string } & AsyncDisposable
> {
  const directory = await Deno.makeTempDir({ prefix: "rpc-bench-" });
  return {
    url: `local:${directory}`,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}
