import assert from "node:assert/strict";
import { version } from "../../src/base/version.ts";

Deno.test("the program's version is that of its deno.json, and has an entry in the list of changes", () => {
  const root = new URL("../../", import.meta.url);
  const config = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root))) as unknown;
  assert.equal((config as { version: string }).version, version);
  const changes = Deno.readTextFileSync(new URL("CHANGELOG.md", root));
  assert.ok(changes.split("\n").some((line) => line.startsWith(`## ${version}`)));
});
