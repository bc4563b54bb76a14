import assert from "node:assert/strict";
import type { Command } from "../../../src/cli/syntax/command.ts";
import { boolean, choice, integer, list, text } from "../../../src/cli/syntax/flags.ts";
import { parseArguments, usageOf } from "../../../src/cli/syntax/parse.ts";
import { UsageError } from "../../../src/base/command_error.ts";

const flags = {
  registry: text("<url>", { description: "", fallback: "local:", short: "r" }),
  drainTimeout: integer("<ms>", [0, 100], { description: "", fallback: 5 }),
  watch: boolean({ description: "", short: "w" }),
  mode: choice(["fast", "slow"], { description: "", fallback: "fast" }),
  names: list("<names>", { description: "", fallback: undefined }),
};

const load = () => Promise.reject(new Error("No test runs it"));

const many: Command = {
  name: "do",
  summary: "",
  positionals: [
    { name: "method", description: "the procedure" },
    { name: "args", description: "its arguments", count: "many" },
  ],
  flags,
  examples: [],
  load,
};

const optional: Command = {
  name: "set",
  summary: "",
  positionals: [
    { name: "action", description: "what to do" },
    { name: "value", description: "to what", count: "optional" },
  ],
  flags: {},
  examples: [],
  load,
};

function read(args: readonly string[], command: Command = many) {
  const { flags, positionals, help } = parseArguments(command, args);
  return { flags: Object.fromEntries(flags), positionals, help };
}

function assertRefused(args: readonly string[], message: RegExp, command: Command = many): void {
  assert.throws(() => read(args, command), (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

Deno.test("flags stand before, between and after positionals", () => {
  const wanted = { flags: { registry: "x", watch: "true" }, positionals: ["a", "b"], help: false };
  assert.deepEqual(read(["--registry", "x", "--watch", "a", "b"]), wanted);
  assert.deepEqual(read(["a", "--registry", "x", "b", "--watch"]), wanted);
  assert.deepEqual(read(["a", "--watch", "b", "--registry", "x"]), wanted);
});

Deno.test("a value is the next argument, or stands behind an equals sign", () => {
  for (const args of [["--registry", "x=y"], ["--registry=x=y"], ["-r", "x=y"], ["-r=x=y"]]) {
    assert.deepEqual(read(["a", ...args]).flags, { registry: "x=y" }, args.join(" "));
  }
  assert.deepEqual(read(["a", "--registry="]).flags, { registry: "" });
  assert.deepEqual(read(["a", "--drain-timeout", "-1"]).flags, { drainTimeout: "-1" });
});

Deno.test("of a flag given twice the last counts", () => {
  assert.deepEqual(read(["a", "--registry", "x", "-r", "y"]).flags, { registry: "y" });
  assert.deepEqual(read(["a", "--watch", "--no-watch"]).flags, { watch: "false" });
});

Deno.test("of a list given several times all parts count", () => {
  const args = ["a", "--names", "x,y", "--names=z"];
  assert.deepEqual(read(args).flags, { names: "x,y,z" });
});

Deno.test("a boolean takes no argument with it", () => {
  assert.deepEqual(read(["--watch", "a"]), {
    flags: { watch: "true" },
    positionals: ["a"],
    help: false,
  });
  assert.deepEqual(read(["a", "--watch=false"]).flags, { watch: "false" });
  assertRefused(["a", "--no-watch=true"], /--no-watch takes no value/);
});

Deno.test("negative numbers and a lone dash are arguments", () => {
  const args = ["a", "-1", "-2.5", "-.5", "-"];
  assert.deepEqual(read(args).positionals, args);
});

Deno.test("everything after -- is an argument, flags among it", () => {
  assert.deepEqual(read(["a", "--watch", "--", "--watch", "-x", "--", "--help"]), {
    flags: { watch: "true" },
    positionals: ["a", "--watch", "-x", "--", "--help"],
    help: false,
  });
});

Deno.test("help is asked for anywhere, whatever else is missing", () => {
  assert.equal(read(["--help"]).help, true);
  assert.equal(read(["a", "b", "-h"]).help, true);
});

Deno.test("an unknown flag is refused, with a suggestion where one is near", () => {
  assertRefused(["a", "--registy", "x"], /Unknown flag --registy: did you mean --registry\?/);
  assertRefused(["a", "--drainTimeout", "1"], /did you mean --drain-timeout\?/);
  assertRefused(["a", "--xyzzy"], /Unknown flag --xyzzy: see rpc do --help, or put -- before/);
  assertRefused(["a", "-x"], /Unknown flag -x/);
  assertRefused(["a", "--help=5"], /Unknown flag --help=5: did you mean --help\?/);
  assertRefused(["a", "--hlep"], /Unknown flag --hlep: did you mean --help\?/);
  assertRefused(["a", "--no-registry"], /Unknown flag --no-registry/);
});

Deno.test("a flag that needs a value and has none is refused", () => {
  assertRefused(["a", "--drain-timeout"], /--drain-timeout needs a value: <ms>/);
  assertRefused(["a", "-r"], /-r needs a value: <url>/);
});

Deno.test("too few and too many positionals are refused, with the form of the command", () => {
  assertRefused(
    [],
    /Missing <method>, the procedure\. Usage: rpc do <method> \[args\.\.\.\] \[flags\]/,
  );
  assertRefused([], /Missing <action>/, optional);
  assertRefused(
    ["a", "b", "c"],
    /Unexpected argument "c"\. Usage: rpc set <action> \[value\]/,
    optional,
  );
  assert.deepEqual(read(["a"], optional).positionals, ["a"]);
  assert.deepEqual(read(["a", "b"], optional).positionals, ["a", "b"]);
});

Deno.test("usageOf() shows what may be left out", () => {
  assert.equal(usageOf(many), "do <method> [args...] [flags]");
  assert.equal(usageOf(optional), "set <action> [value]");
});

Deno.test("a letter's value may stand beside it, and letters may stand together", () => {
  for (const args of [["-rx"], ["-r=x"], ["-r", "x"], ["-wrx"], ["-wr", "x"], ["-wr=x"]]) {
    const watch = args[0]?.startsWith("-w") ? { watch: "true" } : {};
    assert.deepEqual(read(["a", ...args]).flags, { ...watch, registry: "x" }, args.join(" "));
  }
  assertRefused(["a", "-wr"], /^-r needs a value: <url>/);
  assertRefused(["a", "-wx"], /^Unknown flag -wx/);
  assertRefused(["a", "-registry", "x"], /^Unknown flag -registry: did you mean --registry\?/);
});

Deno.test("a fraction without its zero is an argument too", () => {
  assert.deepEqual(read(["a", "-.5", "-5"]).positionals, ["a", "-.5", "-5"]);
  assertRefused(["a", "-.x"], /^Unknown flag -\.x/);
});
