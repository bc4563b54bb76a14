import { denoCommand } from "../support/deno_command.ts";
import { clientAndServer, type System } from "./system.ts";

/** The limit for payloads on this machine: Deno sending the same bytes there and back. */
export const textEcho: System = {
  name: "raw echo",
  start: () =>
    clientAndServer({
      note: `Deno ${Deno.version.deno}, TCP: what comes goes back, in reads of 256 KiB`,
      server: denoCommand("peers/text_echo.ts", ["server"]),
      client: (argument) => denoCommand("peers/text_echo.ts", ["client", argument]),
    }),
};
