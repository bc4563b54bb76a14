import assert from "node:assert/strict";

const root = new URL("../../", import.meta.url);

function hasActionlint(): boolean {
  try {
    return new Deno.Command("actionlint", { args: ["-version"] }).outputSync().success;
  } catch {
    return false;
  }
}

const ignore = !hasActionlint();

Deno.test({
  name: "the workflow files say what GitHub understands" +
    (ignore ? " (ignored: there is no actionlint)" : ""),
  ignore,
  async fn() {
    const paths = [...Deno.readDirSync(new URL(".github/workflows/", root))]
      .map(({ name }) => `.github/workflows/${name}`);
    assert.ok(paths.length >= 2);
    const { success, stdout } = await new Deno.Command("actionlint", { args: paths, cwd: root })
      .output();
    assert.ok(success, new TextDecoder().decode(stdout));
  },
});

Deno.test("the workflow files run the version of Deno that the container image does", async () => {
  const versions = new Set<string>();
  for (const path of [".github/workflows/ci.yml", ".github/workflows/release.yml", "Dockerfile"]) {
    const text = await Deno.readTextFile(new URL(path, root));
    for (const [, version = ""] of text.matchAll(/deno[@:]([\d.]+)/g)) versions.add(version);
  }
  assert.equal(versions.size, 1, [...versions].join(", "));
});
