/** Unary calls by grpc-js. Clients of one process share connections unless told otherwise. */

import process from "node:process";
import { grpc, Ping } from "./grpc_service.mjs";
import { callbackLane, runLanes, times } from "./load.mjs";

const { port, ...load } = JSON.parse(process.argv[2]);
const clients = times(
  load.connections,
  () =>
    new Ping(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    }),
);
await runLanes(
  load,
  clients.flatMap((client) =>
    times(load.inFlight, () => callbackLane((done) => client.Ping({}, done)))
  ),
);
for (const client of clients) client.close();
