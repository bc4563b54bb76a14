import { nodeRuntime } from "../support/node_command.ts";
import { clientAndServer, type System } from "./system.ts";
import { withKeys } from "./with_keys.ts";

/** grpc-js: what one reaches for first in JavaScript. */
export const grpcJs: System = {
  name: "grpc-js",
  async start() {
    const { name, command } = await nodeRuntime();
    return await clientAndServer({
      note:
        `@grpc/grpc-js 1.14.7 under ${name}, unary calls, no TLS, one HTTP/2 connection a client`,
      server: command("grpc_server.mjs", []),
      client: (argument) => command("grpc_client.mjs", [argument]),
    });
  },
};

/** grpc-js by TLS with certificates on both sides, of the same kind as ours. */
export const grpcJsWithKeys: System = {
  name: "grpc-js, mutual TLS",
  async start() {
    const { name, command } = await nodeRuntime();
    return await withKeys((env = {}) =>
      clientAndServer({
        note: `@grpc/grpc-js 1.14.7 under ${name}, unary calls, certificates of rpc keys`,
        server: { ...command("grpc_server.mjs", []), env },
        client: (argument) => ({ ...command("grpc_client.mjs", [argument]), env }),
      })
    );
  },
};
