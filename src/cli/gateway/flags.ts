import {
  boolean,
  list,
  nearnessFlags,
  registryFlags,
  stringMaxFlag,
  text,
  timeoutFlag,
  verboseFlag,
} from "../syntax/flags.ts";
import { logFlags } from "../syntax/log_flags.ts";

/** The flags of `rpc gateway`. */
export const gatewayFlags = {
  ...registryFlags,
  timeout: timeoutFlag,
  messageMax: stringMaxFlag,
  ...nearnessFlags,
  tokenFile: text("<file>", {
    description:
      "Read the token from this file, which is created with a new one if missing; it is printed " +
      "on a terminal alone",
    fallback: undefined,
  }),
  noToken: boolean({ description: "Require no token; only on a loopback address" }),
  allowHost: list("<names>", {
    description: 'More host names to accept, such as "rpc.example.org,gateway.lan"',
    fallback: undefined,
  }),
  allowOrigin: list("<origins>", {
    description: 'Origins of other web pages that may call, such as "https://tools.example.org"',
    fallback: undefined,
  }),
  publicUrl: text("<url>", {
    description: "Where a proxy takes requests for it, such as https://rpc.example.org/rpc/",
    fallback: undefined,
  }),
  tlsCert: text("<file>", {
    description: "Use TLS with this certificate (PEM), reloaded when the file changes",
    fallback: undefined,
  }),
  tlsKey: text("<file>", { description: "The certificate's key (PEM)", fallback: undefined }),
  readOnly: boolean({ description: "Show the cluster, and refuse all calls" }),
  ...logFlags,
  verbose: verboseFlag,
};
