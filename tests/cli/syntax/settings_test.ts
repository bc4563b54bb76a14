import assert from "node:assert/strict";
import { readSettingsFile } from "../../../src/cli/syntax/settings.ts";
import { text } from "../../../src/cli/syntax/flags.ts";

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
