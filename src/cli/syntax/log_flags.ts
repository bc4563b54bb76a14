import { logLevels } from "../../base/log.ts";
import { choice } from "./flags.ts";

/** The flags of the log of a process that runs for long. */
export const logFlags = {
  logLevel: choice(logLevels, {
    description: "Lowest level to log on stderr",
    fallback: "info",
    setting: true,
  }),
  logFormat: choice(["text", "json"], {
    description: "Log lines for people, or JSON objects",
    fallback: "text",
    setting: true,
  }),
};
