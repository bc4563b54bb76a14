import { nodeRuntime } from "../support/node_command.ts";
import { clientAndServer, type System } from "./system.ts";

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
