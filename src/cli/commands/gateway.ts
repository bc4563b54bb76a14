import { gatewayFlags } from "../gateway/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc gateway`, as data. */
export const command: Command<typeof gatewayFlags> = {
  name: "gateway",
  summary: "Serve a service over HTTP, for browsers, curl and any language",
  positionals: [
    {
      name: "address",
      description: "host:port to listen on (default: 127.0.0.1:8080); port 0 picks a free one",
      count: "optional",
    },
    { name: "port", description: "the port, if the address is a host alone", count: "optional" },
  ],
  flags: gatewayFlags,
  examples: [
    ["rpc gateway", "on this machine; prints the address and the token"],
    ["rpc gateway 127.0.0.1:8080 --token-file gateway.token", "with the same token each time"],
    [
      "rpc gateway 0.0.0.0:8443 --tls-cert gateway.crt --tls-key gateway.key",
      "on a network, over TLS",
    ],
  ],
  load: () => import("../gateway/gateway.ts"),
};
