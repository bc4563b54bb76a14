/** grpc-js's server as its documentation writes one. */

import process from "node:process";
import { grpc, Ping } from "./grpc_service.mjs";

const server = new grpc.Server();
server.addService(Ping.service, {
  Ping: (_call, answer) => answer(null, { result: "pong" }),
});
server.bindAsync(
  "127.0.0.1:0",
  grpc.ServerCredentials.createInsecure(),
  (error, port) => {
    if (error) throw error;
    console.log(`ready ${port}`);
  },
);
process.on("SIGTERM", () => process.exit(0));
