/** Unary calls by grpc-js. Clients of one process share connections unless told otherwise. */

import process from "node:process";
import { grpc, keys, messagesOfAnyLength, Ping } from "./grpc_service.mjs";
import { callbackLane, runLanes, times } from "./load.mjs";

const { port, textLength = 0, ...load } = JSON.parse(process.argv[2]);
const text = "x".repeat(textLength);
const credentials = () =>
  keys === undefined
    ? grpc.credentials.createInsecure()
    : grpc.credentials.createSsl(keys.ca, keys.key, keys.certificate);
const clients = times(
  load.connections,
  () =>
    new Ping(`127.0.0.1:${port}`, credentials(), {
      ...messagesOfAnyLength,
      ...(keys === undefined ? {} : { "grpc.ssl_target_name_override": keys.name }),
      "grpc.use_local_subchannel_pool": 1,
    }),
);
await runLanes(
  load,
  clients.flatMap((client) =>
    times(
      load.inFlight,
      () =>
        callbackLane((index, done) =>
          textLength > 0
            ? client.Echo({ text }, (error, answer) => done(error, answer?.text === text))
            : client.Ping({ value: index }, (error, answer) => done(error, answer?.value === index))
        ),
    )
  ),
);
for (const client of clients) client.close();
