import { denoCommand } from "../support/deno_command.ts";
import { clientAndServer, type System } from "./system.ts";

/** The limit for values that another process answers, on this machine. Linux only. */
export const valueEcho: System = {
  name: "values by a worker",
  start: () =>
    clientAndServer({
      note: "texts made bytes and read again by the client and by a worker, and nothing else",
      server: denoCommand("peers/value_echo.ts", ["server"]),
      client: (argument) => denoCommand("peers/value_echo.ts", ["client", argument]),
    }),
};
