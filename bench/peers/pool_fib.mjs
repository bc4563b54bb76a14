/**
 * `fib` by Node.js: `loop <JSON>` computes it over and over, `pool <JSON>` has piscina's workers do
 * so, with two calls under way for each of them.
 */

import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runLanes, times } from "./load.mjs";

const { n, workers = 1, ...load } = JSON.parse(process.argv[3]);
const answer = 2_178_309;

if (process.argv[2] === "loop") {
  const { default: fibonacci } = await import("./pool_fib_task.mjs");
  // A turn of the event loop after each, or else the measurement would never end.
  const lane = async (meter) => {
    while (meter.running) {
      if (fibonacci(n) !== answer) throw new Error("The answer is not the right one");
      meter.calls++;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await runLanes(load, [lane]);
} else {
  const { Piscina } = createRequire(import.meta.url)("piscina");
  const pool = new Piscina({
    filename: fileURLToPath(new URL("pool_fib_task.mjs", import.meta.url)),
    minThreads: workers,
    maxThreads: workers,
  });
  const lane = async (meter) => {
    while (meter.running) {
      const result = await pool.run(n);
      if (result !== answer) throw new Error("The answer is not the right one");
      meter.calls++;
    }
  };
  await runLanes(load, times(2 * workers, () => lane));
  await pool.destroy();
}
