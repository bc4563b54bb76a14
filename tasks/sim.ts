/**
 * `deno task sim [file or flag of deno test ...]`: the simulator in full size, all of it under one
 * seed, and the figures of the whole run at its end. `RPC_TEST_SEED` repeats a run.
 */

/** The lines that are for here: what to take of all values, one of them, and what it is. */
const figureLines = /^figure (most|sum) (\S+) (.+)$/gm;

/**
 * A large world is a gigabyte and a half that stays: V8 would look through all of it again and
 * again for garbage, and copy what is new more often.
 */
const memory = "--max-heap-size=8000,--initial-heap-size=6000,--min-semi-space-size=64," +
  "--max-semi-space-size=64";

const seed = Deno.env.get("RPC_TEST_SEED") ?? String(Date.now() % 1_000_000);
const paths = Deno.args.some((argument) => !argument.startsWith("-")) ? [] : ["tests/sim/"];
console.log(`seed ${seed}`);
const tests = new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--no-prompt", "--parallel", `--v8-flags=${memory}`, ...paths, ...Deno.args],
  env: { RPC_TEST_SIM: "full", RPC_TEST_SEED: seed },
  stdin: "null",
  stdout: "piped",
}).spawn();

let output = "";
for await (const text of tests.stdout.pipeThrough(new TextDecoderStream())) {
  output += text;
  await Deno.stdout.write(new TextEncoder().encode(text));
}

const figures = new Map<string, number>();
for (const [, join, value, name = ""] of output.matchAll(figureLines)) {
  const before = figures.get(name) ?? 0;
  const number = Number(value);
  figures.set(name, join === "sum" ? before + number : Math.max(before, number));
}

const { code } = await tests.status;
console.log(`\nseed ${seed}`);
for (const [name, value] of figures) console.log(`${name}: ${value}`);
Deno.exit(code);
