import v8 from "node:v8";
import vm from "node:vm";

/** So many that what is young is collected several times. */
const steps = 200_000;

const stepsBetweenLooks = 2_000;

/**
 * By how much the old generation grows, in bytes, during thousands of runs of `step`, each of which
 * should leave as much to collect as it makes. Whatever an old object refers to grows it, whether
 * or not anybody can still reach that object.
 */
export function retainedBytes(step: () => void): number {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  v8.setFlagsFromString("--no-expose-gc");
  for (let i = 0; i < steps / 10; i++) step();
  // From here on what `step` works with is old.
  collect();
  collect();
  const before = oldBytes();
  let most = 0;
  for (let i = 0; i < steps; i++) {
    step();
    if (i % stepsBetweenLooks === 0) most = Math.max(most, oldBytes() - before);
  }
  return most;
}

function oldBytes(): number {
  const space = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space");
  return space?.space_used_size ?? 0;
}
