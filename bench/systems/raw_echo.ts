import { denoCommand } from "../support/deno_command.ts";
import { clientAndServer, type System } from "./system.ts";

/** The limit on this machine: Deno moving the same bytes in the same batches, and nothing else. */
export const rawEcho: System = {
  name: "raw echo",
  start: () =>
    clientAndServer({
      note:
        `Deno ${Deno.version.deno}, TCP: for each request's bytes an answer's bytes, nothing read ` +
        "or checked. The client sends as many new requests as a read brought answers, in one write",
      server: denoCommand("peers/echo_server.ts", []),
      client: (argument) => denoCommand("peers/echo_client.ts", [argument]),
    }),
};
