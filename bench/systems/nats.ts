import { goPeer } from "./compiled.ts";

/** NATS, requests and replies by way of its server. */
export const nats = goPeer({
  name: "NATS",
  folder: "nats",
  note: "nats-server 2.15 with the responder in the same process, nats.go 1.55",
});
