import {
  boolean,
  messageMaxFlag,
  nearnessFlags,
  registryFlags,
  text,
  timeoutFlag,
  verboseFlag,
} from "../syntax/flags.ts";

/** The flags of `rpc gateway`. */
export const gatewayFlags = {
  ...registryFlags,
  timeout: timeoutFlag,
  messageMax: messageMaxFlag,
  ...nearnessFlags,
  tokenFile: text("<file>", {
    description: "Take the token from this file, which is made with a new one if it is not there",
    fallback: undefined,
  }),
  noToken: boolean({ description: "Ask no token of callers; on a loopback address only" }),
  allowHost: text("<names>", {
    description: "Further names by which it may be asked, such as 'rpc.example.org,gateway.lan'",
    fallback: undefined,
  }),
  allowOrigin: text("<origins>", {
    description: "Web pages of other origins that may call, such as 'https://tools.example.org'",
    fallback: undefined,
  }),
  tlsCert: text("<file>", {
    description: "Answer over TLS by this certificate (PEM), taken anew when the file changes",
    fallback: undefined,
  }),
  tlsKey: text("<file>", { description: "The certificate's key (PEM)", fallback: undefined }),
  readOnly: boolean({ description: "Show, and call nothing" }),
  verbose: verboseFlag,
};
