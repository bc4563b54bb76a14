import assert from "node:assert/strict";
import {
  lookUp,
  parseValue,
  readSettingsFile,
  settingsOf,
} from "../../../src/cli/syntax/settings.ts";
import { loadCommands } from "../../../src/cli/commands.ts";
import { integer, text } from "../../../src/cli/syntax/flags.ts";

Deno.test("a settings file may begin with a byte order mark and end its lines as Windows does", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/rpc.toml`;
    await Deno.writeTextFile(path, '\ufeffservice = "a"\r\n# b\r\nzone = "c"\r\n');
    const flag = { ...text("<x>", { description: "x", fallback: undefined }), setting: true };
    const settings = await readSettingsFile(path, () => ({ service: flag, zone: flag }));
    assert.deepEqual([settings.get("service")?.text, settings.get("zone")?.text], ["a", "c"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a flag is what the command line says, else the environment, else the first file that says it", () => {
  const flag = { ...text("<x>", { description: "x", fallback: undefined }), setting: true };
  const fileOf = (path: string) =>
    new Map([["testZone", { text: path, source: path, setting: "test-zone" }]]);
  const files = [new Map(), fileOf("rpc.toml"), fileOf("own.toml")];
  const found = (given: [string, string][], isSetting = true) =>
    lookUp("testZone", { ...flag, setting: isSetting }, new Map(given), files)?.source;
  assert.equal(found([]), "rpc.toml");
  Deno.env.set("RPC_TEST_ZONE", "b");
  try {
    assert.equal(found([]), "RPC_TEST_ZONE");
    assert.equal(found([["testZone", ""]]), "--test-zone");
    // What is no setting is said on the command line or not at all.
    assert.equal(found([["testZone", "a"]], false), "--test-zone");
    assert.equal(found([], false), undefined);
  } finally {
    Deno.env.delete("RPC_TEST_ZONE");
  }
});

Deno.test("a value that a flag does not take is told with the place where it is set", () => {
  const flag = integer("<n>", [1, 9], { description: "x", fallback: 1 });
  assert.equal(parseValue(flag, { text: "7", source: "--size" }), 7);
  assert.throws(
    () => parseValue(flag, { text: "10", source: "--size" }),
    /^UsageError: Cannot use --size "10": /,
  );
  assert.throws(
    () => parseValue(flag, { text: "x", source: "rpc.toml", setting: "size" }),
    /^UsageError: Cannot use size = "x" in rpc\.toml: /,
  );
});

Deno.test("the settings are the flags of all commands that may be set, each once", async () => {
  const commands = await loadCommands();
  const settings = settingsOf(commands);
  assert.ok(Object.values(settings).every(({ setting }) => setting));
  for (const key of ["registry", "service", "insecure"]) assert.ok(key in settings, key);
  assert.ok(!("repeat" in settings));
});
