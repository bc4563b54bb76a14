/** jayson's TCP server: JSON-RPC 2.0 too. */

import { createRequire } from "node:module";
import process from "node:process";

const jayson = createRequire(import.meta.url)("jayson");

const server = new jayson.Server({
  ping: ([index], answer) => answer(null, index),
}).tcp();
server.listen(
  0,
  "127.0.0.1",
  () => console.log(`ready ${server.address().port}`),
);
process.on("SIGTERM", () => process.exit(0));
