import { type Command, startServer } from "../support/child.ts";
import { denoCommand, pathOf, rpcCommand } from "../support/deno_command.ts";
import { type Load, type LoadResult, runLoad, type RunningSystem, type System } from "./system.ts";
import { withKeys } from "./with_keys.ts";

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
): Promise<RunningSystem> {
  const registry = await temporaryRegistry();
  const server = await startRpcServer(registry.url, more, env);
  return {
    note: "rpc serve, and the library's Client, by discovery (local:) and balancer",
    load: (load) => runRpcClient(registry.url, load, method, env),
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
  env: Command["env"] = {},
) {
  const command = rpcCommand([
    ...["serve", "127.0.0.1", "0", "--registry", registry],
    ...["--drain-grace", "0", "--log-level", "error", ...more],
  ]);
  return startServer({ ...command, env });
}

/** Runs a process with the library's client. */
export function runRpcClient(
  registry: string,
  load: Load,
  method: Method,
  env: Command["env"] = {},
): Promise<LoadResult> {
  const argument = JSON.stringify({ registry, ...method, ...load });
  return runLoad({ ...denoCommand("peers/rpc_client.ts", [argument]), env });
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
