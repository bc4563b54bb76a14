import { goPeer } from "./compiled.ts";

/** Where it is, and its build: its JSON library looks into Go's own, which Go has to allow. */
export const kitexBuild = { folder: "kitex", buildArgs: ["-ldflags=-checklinkname=0"] };

/** Kitex, with many calls on one connection. */
export const kitex = goPeer({
  ...kitexBuild,
  name: "Kitex",
  note: "Kitex 0.13, thrift by its fast codec, one multiplexed connection a client",
});
