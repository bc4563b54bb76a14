import { openCLibrary } from "../base/system/c_library.ts";

/** `POLLIN` of `poll(2)`, in the half of a number beside that for what was found. */
const readable = 1;

/** Blocks this thread until there is something to read, for so long at most. */
export type WaitForInput = (ms: number) => boolean;

/**
 * Waits for input of a descriptor without the runtime, which has another thread wait for files and
 * pipes. `undefined` where that is not possible.
 */
export function waiterFor(descriptor: number): WaitForInput | undefined {
  if (Deno.build.os !== "linux") return undefined;
  // It stays open.
  const library = openCLibrary({
    ppoll: { parameters: ["buffer", "usize", "buffer", "pointer"], result: "i32" },
  });
  if (library === undefined) return undefined;
  const { ppoll } = library.symbols;
  const asked = new Int32Array([descriptor, readable]);
  const time = new BigInt64Array(2);
  return (ms) => {
    time[0] = BigInt(Math.floor(ms / 1_000));
    time[1] = BigInt(Math.round(ms % 1_000 * 1e6));
    return ppoll(asked, 1n, time, null) > 0;
  };
}
