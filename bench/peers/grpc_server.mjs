/** grpc-js's server as its documentation writes one. */

import process from "node:process";
import { grpc, keys, messagesOfAnyLength, Ping } from "./grpc_service.mjs";

const server = new grpc.Server(messagesOfAnyLength);
server.addService(Ping.service, {
  Ping: ({ request }, answer) => answer(null, request),
  Echo: ({ request }, answer) => answer(null, request),
});
server.bindAsync(
  "127.0.0.1:0",
  keys === undefined ? grpc.ServerCredentials.createInsecure() : grpc.ServerCredentials.createSsl(
    keys.ca,
    [{ private_key: keys.key, cert_chain: keys.certificate }],
    true,
  ),
  (error, port) => {
    if (error) throw error;
    console.log(`ready ${port}`);
  },
);
process.on("SIGTERM", () => process.exit(0));
