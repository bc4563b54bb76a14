import { startServer } from "../support/child.ts";
import { denoCommand, pathOf, rpcCommand } from "../support/deno_command.ts";
import { type Load, type LoadResult, runLoad, type RunningSystem, type System } from "./system.ts";

/** A method and its parameters. */
export interface Method {
  readonly method: string;
  readonly params?: readonly unknown[];
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

/** Ours, where each call has an index as its parameter, which the answer holds. */
export const rpcWithParameter: System = {
  name: rpcName,
  start: () => startOwn({ method: "ping", params: [123_456] }),
};

/** Ours, with a procedure that returns what it is given, in a worker for `io`. */
export const rpcEcho: System = {
  name: rpcName,
  start: () =>
    startOwn({ method: "echoIo" }, [
      ...[pathOf("../peers/no_op.ts"), "--workers", "1", "--message-max", "64M"],
    ]),
};

async function startOwn(method: Method, more: readonly string[] = []): Promise<RunningSystem> {
  const registry = await temporaryRegistry();
  const server = await startRpcServer(registry.url, more);
  return {
    note: "rpc serve, and the library's Client, by discovery (local:) and balancer",
    load: (load) => runRpcClient(registry.url, load, method),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** Starts `rpc serve` on any free port of the loopback, with more arguments if there are any. */
export function startRpcServer(
  registry: string,
  more: readonly string[] = [],
) {
  return startServer(rpcCommand([
    ...["serve", "127.0.0.1", "0", "--registry", registry],
    ...["--drain-grace", "0", "--log-level", "error", ...more],
  ]));
}

/** Runs a process with the library's client. */
export function runRpcClient(
  registry: string,
  load: Load,
  method: Method,
): Promise<LoadResult> {
  const argument = JSON.stringify({ registry, ...method, ...load });
  return runLoad(denoCommand("peers/rpc_client.ts", [argument]));
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
