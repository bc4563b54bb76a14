/** jayson's TCP client. It makes a connection for each call; there is no other way to use it. */

import { createRequire } from "node:module";
import process from "node:process";
import { callbackLane, runLanes, times } from "./load.mjs";

const jayson = createRequire(import.meta.url)("jayson");

const { port, ...load } = JSON.parse(process.argv[2]);
const client = jayson.Client.tcp({ host: "127.0.0.1", port });
const lanes = load.connections * load.inFlight;
await runLanes(
  load,
  times(
    lanes,
    () =>
      callbackLane((index, done) =>
        client.request("ping", [index], (error, answer) => done(error, answer?.result === index))
      ),
  ),
);
