import { goPeer } from "./compiled.ts";

/** grpc-go: what most compiled services speak. */
export const grpcGo = goPeer({
  name: "grpc-go",
  folder: "grpc_go",
  note: "grpc-go 1.85, unary calls, no TLS, one HTTP/2 connection a client",
});
