/**
 * A server of procedures that do nothing, and with the argument `worker` its worker: put together of the
 * same parts as `rpc serve`.
 */

import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { RpcServer } from "../../src/server/server.ts";
import { WorkerPool } from "../../src/workers/pool.ts";
import { runWorker } from "../../src/workers/worker.ts";
import { denoCommand } from "../support/deno_command.ts";
import * as procedures from "./no_op.ts";

if (Deno.args[0] === "worker") await runWorker({ ...procedures });
else await serve();

async function serve(): Promise<void> {
  const pool = await WorkerPool.start({
    command: denoCommand("peers/no_op_server.ts", ["worker"]),
    size: 1,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
  });
  const server = RpcServer.listen({
    hostname: "127.0.0.1",
    port: 0,
    procedures: {},
    pool,
    service: "bench",
    version: "0.0.0",
    clock: systemClock,
    log: silentLogger,
  });
  const stopping = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGTERM", stopping.resolve);
  console.log(`ready ${server.address.port}`);
  await stopping.promise;
  await server.close();
  await pool.close();
  Deno.exit(0);
}
