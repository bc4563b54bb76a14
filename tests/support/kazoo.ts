import { skippedIf } from "./skipped_if.ts";
import { zooKeeperTest } from "./zookeeper_server.ts";

/** A Python that has kazoo; Debian's package belongs to Debian's own Python. */
const pythonWithKazoo: string | undefined = ["/usr/bin/python3", "python3", "python"]
  .find((program) => {
    try {
      return new Deno.Command(program, {
        args: ["-c", "import kazoo"],
        stdout: "null",
        stderr: "null",
      }).outputSync().success;
    } catch {
      return false;
    }
  });

/** As {@link zooKeeperTest}, with a Python that has kazoo. */
export function kazooTest(name: string, fn: (python: string) => Promise<void>): void {
  if (pythonWithKazoo === undefined && Deno.env.get("RPC_TEST_REQUIRE_ZOOKEEPER") !== "1") {
    Deno.test({ ...skippedIf("there is no Python with kazoo", name), fn() {} });
    return;
  }
  zooKeeperTest(name, () => {
    if (pythonWithKazoo === undefined) throw new Error("A Python with kazoo is required");
    return fn(pythonWithKazoo);
  });
}
