/** Dubbo with ZooKeeper: a registry, a balancer and retries, as ours has. */

import { zooKeeperAvailable } from "../../tests/support/zookeeper_server.ts";
import { built } from "../support/build.ts";
import type { Modes } from "./compiled.ts";

/** The name under which it stands in every table. */
export const dubboName = "Dubbo";

/** What a reader has to know to judge its figures. */
export const dubboNote = "Dubbo 3.3.6, its own protocol, no retries, its defaults otherwise";

/**
 * Builds it, and returns how to run it.
 *
 * @throws {Error} if Maven, Java or ZooKeeper is not installed, or it cannot be built
 */
export async function dubboProgram(): Promise<Modes> {
  const zooKeeper = zooKeeperAvailable();
  if (!zooKeeper.available) throw new Error(zooKeeper.reason);
  const jar = await built({
    folder: "dubbo",
    tool: ["mvn", "--version"],
    args: ["--quiet", "--batch-mode", "package"],
    result: "dubbo-1.jar",
  });
  const classes = `${jar}:${jar.slice(0, jar.lastIndexOf("/"))}/dependency/*`;
  return (...args) => ({ program: "java", args: ["-cp", classes, "bench.Main", ...args] });
}
