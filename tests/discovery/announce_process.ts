/**
 * A program for the tests to kill: announces an instance in a local registry, prints `registered`,
 * and stays. Arguments: the registry's directory, the port.
 */

import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { LocalDiscovery } from "../../src/discovery/local/local.ts";
import { anInstance } from "./recorder.ts";

const [directory = "", port] = Deno.args;
const discovery = new LocalDiscovery(
  { kind: "local", directory },
  { clock: systemClock, random: systemRandom, log: silentLogger },
);
await discovery.announce(anInstance({ port: Number(port) })).registered;
console.log("registered");
