import assert from "node:assert/strict";
import { callFlags } from "../../../src/cli/call/flags.ts";
import { loadCommands } from "../../../src/cli/commands.ts";
import { serveFlags } from "../../../src/cli/serve/flags.ts";
import { settingsOf } from "../../../src/cli/syntax/settings.ts";
import {
  boolean,
  choice,
  environmentName,
  integer,
  kebabCase,
  text,
  zone,
} from "../../../src/cli/syntax/flags.ts";

const commands = await loadCommands();

Deno.test("a whole number is read within its bounds, which its error names", () => {
  const flag = integer("<n>", [1, 100], { description: "", fallback: 7 });
  assert.equal(flag.parse("1"), 1);
  assert.equal(flag.parse("100"), 100);
  for (const bad of ["0", "101", "-1", "1.5", "1e1", "0x1", "", " 1", "one", "Infinity"]) {
    assert.throws(() => flag.parse(bad), /it must be a whole number from 1 to 100/, bad);
  }
});

Deno.test("a boolean in a file or in the environment is true or false", () => {
  const flag = boolean({ description: "" });
  assert.deepEqual(["true", "1", "false", "0"].map(flag.parse), [true, true, false, false]);
  assert.throws(() => flag.parse("yes"), /it must be true or false/);
  assert.equal(flag.fallback, false);
});

Deno.test("a zone that no server can have is refused before anything is done", () => {
  const flag = zone("");
  assert.equal(flag.parse("z".repeat(256)).length, 256);
  assert.throws(() => flag.parse("z".repeat(257)), /it must be a text of at most 256 letters/);
});

Deno.test("a choice names what there is", () => {
  const flag = choice(["fast", "slow"], { description: "", fallback: "fast" });
  assert.equal(flag.parse("slow"), "slow");
  assert.throws(() => flag.parse("Slow"), /it must be one of fast, slow/);
  assert.equal(flag.placeholder, "<fast|slow>");
});

Deno.test("a text is taken as it is", () => {
  assert.equal(text("<x>", { description: "", fallback: undefined }).parse(" a b "), " a b ");
});

Deno.test("a flag has one name in each place", () => {
  assert.equal(kebabCase("drainTimeout"), "drain-timeout");
  assert.equal(environmentName("drainTimeout"), "RPC_DRAIN_TIMEOUT");
  assert.equal(environmentName("registry"), "RPC_REGISTRY");
});

Deno.test("no two flags of a command have the same letter, and all say what they do", () => {
  for (const { name, flags } of commands) {
    const letters = Object.values(flags).flatMap(({ short }) => short ?? []);
    assert.equal(new Set(letters).size, letters.length, `${name}: ${letters}`);
    for (const [key, { description, fallback, parse, placeholder }] of Object.entries(flags)) {
      assert.match(description, /^[A-Z].*[^.]$/, `${name} --${key}`);
      if (placeholder !== undefined && fallback !== undefined) {
        assert.deepEqual(parse(String(fallback)), fallback, `${name} --${key}`);
      }
    }
  }
});

Deno.test("a setting that several commands share means the same to all of them", () => {
  const known = settingsOf(commands);
  assert.ok("registry" in known && "service" in known);
  for (const { name, flags } of commands) {
    for (const [key, flag] of Object.entries(flags)) {
      if (flag.setting) assert.equal(flag.placeholder, known[key]?.placeholder, `${name} --${key}`);
    }
  }
});

Deno.test("times are read with a unit, and without one in the flag's own", () => {
  const { timeout, duration, rate } = callFlags;
  assert.deepEqual(["5s", "500", ".5s", "1.5m"].map(timeout.parse), [5_000, 500, 500, 90_000]);
  assert.deepEqual(["30", "30s", "0.5"].map(duration.parse), [30_000, 30_000, 500]);
  for (const bad of ["0", "0s", "-1", "5x", "", "1e9", "25h"]) {
    assert.throws(() => timeout.parse(bad), /it must be a time from 1ms to/, bad);
  }
  const { callTimeoutMax, drainGrace, drainTimeout } = serveFlags;
  assert.deepEqual(["24h", "200"].map(callTimeoutMax.parse), [86_400_000, 200]);
  assert.deepEqual(["0", "0s", "1h"].map(drainGrace.parse), [0, 0, 3_600_000]);
  assert.throws(() => drainTimeout.parse("61m"), /it must be a time from 0ms to 1h, such as/);
  const shown = [callTimeoutMax, drainGrace, drainTimeout].map(({ fallbackText }) => fallbackText);
  assert.deepEqual(shown, ["1h", "0.5s", "30s"]);
  assert.deepEqual(["10.5", ".5", "100"].map(rate.parse), [10.5, 0.5, 100]);
  for (const bad of ["0", "-1", "1e3", "x", ""]) {
    assert.throws(() => rate.parse(bad), /it must be a number from/, bad);
  }
});
