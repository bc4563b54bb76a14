import { goPeer } from "./compiled.ts";

/** Go's net/rpc: what a compiled language's standard library offers. */
export const goNetRpc = goPeer({
  name: "Go net/rpc",
  folder: "go_net_rpc",
  note: "TCP and gob, a goroutine for each call under way",
});

/** The same by TLS with certificates on both sides. */
export const goNetRpcWithKeys = goPeer({
  name: "Go net/rpc, mutual TLS",
  folder: "go_net_rpc",
  note: "gob over crypto/tls, certificates of rpc keys, a goroutine for each call under way",
  hasKeys: true,
});
