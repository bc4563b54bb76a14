import { type Server, startServer } from "../support/child.ts";
import { denoCommand, rpcCommand } from "../support/deno_command.ts";
import { startRpcServer, temporaryRegistry } from "./rpc.ts";
import { type Load, runLoad, type System } from "./system.ts";

const token = "a-token-of-the-benchmark";

/** The limit: Deno answering HTTP with the same bytes, and nothing else. */
export function bareHttp(idlers: number): System {
  return {
    name: "Deno.serve",
    async start() {
      const server = await startServer(denoCommand("peers/http_server.ts", []));
      return running(server, idlers, () => server.stop());
    },
  };
}

/** `rpc gateway` in front of `rpc serve`. */
export function gateway(idlers: number): System {
  return {
    name: "rpc gateway",
    async start() {
      const registry = await temporaryRegistry();
      const server = await startRpcServer(registry.url);
      const tokenFile = await Deno.makeTempFile({ prefix: "rpc-bench-" });
      await Deno.writeTextFile(tokenFile, token);
      const front = await startServer(rpcCommand([
        ...["gateway", "127.0.0.1:0", "--registry", registry.url, "--token-file", tokenFile],
      ]));
      return running(front, idlers, async () => {
        await front.stop();
        await server.stop();
        await registry[Symbol.asyncDispose]();
        await Deno.remove(tokenFile);
      });
    },
  };
}

function running({ pid, port }: Server, idlers: number, stop: () => Promise<void>) {
  return {
    note: `HTTP/1.1 on kept connections${
      idlers === 0 ? "" : `; ${idlers} others have asked, and read nothing`
    }`,
    pid,
    load: (load: Load) =>
      runLoad(
        denoCommand("peers/http_client.ts", [JSON.stringify({ port, token, idlers, ...load })]),
      ),
    [Symbol.asyncDispose]: stop,
  };
}
