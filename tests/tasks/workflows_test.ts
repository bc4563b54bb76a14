import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { downloads, writeTexts } from "../../tasks/compile.ts";
import { skippedIf } from "../support/skipped_if.ts";

const root = new URL("../../", import.meta.url);

function hasActionlint(): boolean {
  try {
    return new Deno.Command("actionlint", { args: ["-version"] }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  ...skippedIf(
    hasActionlint() ? undefined : "there is no actionlint",
    "the workflow files say what GitHub understands",
  ),
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

Deno.test("a release holds all that is made for it, the client in Python as it is here included", async () => {
  const release = await Deno.readTextFile(new URL(".github/workflows/release.yml", root));
  const [, list = ""] = /name: binaries\n +path: \|\n((?: +dist\/.*\n)+)/.exec(release) ?? [];
  const uploaded = list.trim().split(/\s+/)
    .map((glob) => new RegExp(`^${glob.slice("dist/".length).replace("*", ".*")}$`));
  for (const name of [...downloads, "SHA256SUMS"]) {
    assert.ok(uploaded.some((pattern) => pattern.test(name)), name);
  }
  // All that the job before it has uploaded is attached.
  assert.match(release, /gh release create "\$TAG" dist\/\* /);
  assert.ok(downloads.includes("rpc_client.py"));
  const directory = await Deno.makeTempDir();
  try {
    await writeTexts(pathToFileURL(`${directory}/`));
    assert.equal(
      await Deno.readTextFile(`${directory}/rpc_client.py`),
      await Deno.readTextFile(new URL("clients/python/rpc_client.py", root)),
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

const probe = (
  port: string,
) => ["rpc.ping", "--timeout", "3000", "--registry", `static:127.0.0.1:${port}`];

/** The words of an array as it stands in a file. */
const words = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"/g)].map(([, word = ""]) => word);

Deno.test("the image's health check asks the port that its commands are shown with", async () => {
  const text = await Deno.readTextFile(new URL("Dockerfile", root));
  const [, entry = ""] = /^ENTRYPOINT (\[.*\])$/m.exec(text) ?? [];
  const [, check = ""] = /^HEALTHCHECK[^[]*CMD (\[.*\])$/m.exec(text) ?? [];
  const [, port = ""] = /serve \S+ (\d+)$/m.exec(text) ?? [];
  assert.deepEqual(words(check), [...words(entry), "call", ...probe(port)]);
  // Out of the same stage, or one of the two images has none.
  assert.equal([...text.matchAll(/^FROM base\b/gm)].length, 2);
});

Deno.test("each server of compose.yaml is asked on its own port, with the image's own program", async () => {
  const text = await Deno.readTextFile(new URL("compose.yaml", root));
  const docker = await Deno.readTextFile(new URL("Dockerfile", root));
  const [, entry = ""] = /^ENTRYPOINT (\[.*\])$/m.exec(docker) ?? [];
  const servers = text.split(/^ {2}server-/m).slice(1);
  assert.equal(servers.length, 4);
  for (const server of servers) {
    const [, port = ""] = /command: serve 0\.0\.0\.0 (\d+) /.exec(server) ?? [];
    const [, test = ""] = /test: (\[[^\]]*\])/.exec(server) ?? [];
    assert.deepEqual(words(test), ["CMD", ...words(entry), "call", ...probe(port)]);
    const ports = [...server.matchAll(/- "\S*:(\d+):(\d+)"$/gm)].map((match) => match.slice(1));
    assert.deepEqual(ports, [[port, port]]);
  }
});
