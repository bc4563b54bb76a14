import { canRun, runToEnd } from "../support/child.ts";
import { pathOf } from "../support/deno_command.ts";
import { clientAndServer, type System } from "./system.ts";

/** Go's net/rpc: what a compiled language's standard library offers. */
export const goNetRpc: System = {
  name: "Go net/rpc",
  async start() {
    if (!await canRun("go", ["version"])) {
      throw new Error("go is not installed");
    }
    const version = (await runToEnd({ program: "go", args: ["env", "GOVERSION"] })).trim();
    const directory = await Deno.makeTempDir({ prefix: "rpc-bench-go-" });
    const removeDirectory = () => Deno.remove(directory, { recursive: true });
    try {
      const program = `${directory}/net_rpc`;
      await runToEnd({
        program: "go",
        args: ["build", "-o", program],
        cwd: pathOf("../peers/go"),
      });
      const running = await clientAndServer({
        note: `${version}, TCP and gob, a goroutine for each call under way`,
        server: { program, args: ["server"] },
        client: (argument) => ({ program, args: ["client", argument] }),
      });
      return {
        ...running,
        async [Symbol.asyncDispose]() {
          await running[Symbol.asyncDispose]();
          await removeDirectory();
        },
      };
    } catch (error) {
      await removeDirectory();
      throw error;
    }
  },
};
