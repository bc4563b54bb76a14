import { canRun, runToEnd } from "../support/child.ts";
import { pathOf } from "../support/deno_command.ts";
import { clientAndServer, type System } from "./system.ts";

/** The kind of server that one writes by hand first, and that this project replaces. */
export const blockingPython: System = {
  name: "blocking Python",
  async start() {
    if (!await canRun("python3", ["--version"])) {
      throw new Error("python3 is not installed");
    }
    const version = (await runToEnd({ program: "python3", args: ["--version"] })).trim();
    const program = "python3";
    return await clientAndServer({
      note: `${version}, length-prefixed JSON, a thread a connection. One call at a time on each ` +
        "connection whatever is asked for, since its protocol has no more",
      server: { program, args: [pathOf("../peers/blocking_server.py")] },
      client: (argument) => ({
        program,
        args: [pathOf("../peers/blocking_client.py"), argument],
      }),
    });
  },
};
