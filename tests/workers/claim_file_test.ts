import assert from "node:assert/strict";
import { ClaimFile, claimFileVariable, Claims } from "../../src/workers/claim_file.ts";

/** Both sides in one process. */
function sides(): { readonly file: ClaimFile; readonly claims: Claims } {
  const file = ClaimFile.create();
  assert.ok(file !== undefined);
  Deno.env.set(claimFileVariable, file.path);
  const claims = Claims.join();
  assert.ok(claims !== undefined);
  return { file, claims };
}

Deno.test("a request is begun or taken back, and never both", () => {
  const { file, claims } = sides();
  try {
    assert.equal(claims.claim(1), true);
    assert.equal(claims.claim(2), true);
    assert.equal(file.revoke(5), 2);
    for (const id of [3, 4, 5]) assert.equal(claims.claim(id), false);
    assert.equal(claims.claim(6), true);
    assert.equal(file.revoke(6), 6);
  } finally {
    file.close();
    claims.close();
  }
});

Deno.test("a program that knows nothing of the claim file has not joined, and one that does leaves no trace", () => {
  const file = ClaimFile.create();
  assert.ok(file !== undefined);
  try {
    assert.equal(file.isJoined, false);
    Deno.env.set(claimFileVariable, file.path);
    const claims = Claims.join();
    assert.equal(file.isJoined, true);
    assert.equal(Deno.env.get(claimFileVariable), undefined);
    assert.throws(() => Deno.statSync(file.path), Deno.errors.NotFound);
    assert.equal(Claims.join(), undefined);
    claims?.close();
  } finally {
    file.close();
  }
});

Deno.test("two processes that race for a thousand requests share them without loss", async () => {
  const script = new URL("./fixtures/claimer.ts", import.meta.url).pathname;
  const file = ClaimFile.create();
  assert.ok(file !== undefined);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script],
    env: { [claimFileVariable]: file.path },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  try {
    // Rounds of twenty, of which the rest is revoked when the child has claimed some.
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const stdin = child.stdin.getWriter();
    let text = "";
    let shared = 0;
    // Where the child is always quicker, as on a busy machine, nothing is shared: then more of
    // them.
    for (let last = 20; last <= 1_000 || (shared === 0 && last <= 100_000); last += 20) {
      await stdin.write(new TextEncoder().encode(`${last - 19}\n`));
      const some = last - 20 + (last / 20) % 20;
      // To revoke what is revoked already only looks.
      while (file.revoke(last - 20) < some) await Promise.resolve();
      const begun: number = file.revoke(last);
      while (!text.endsWith("\n")) text += (await lines.read()).value ?? assert.fail("it ended");
      const claimed = Number(text.trim());
      text = "";
      // The child tells which of those that the server takes for begun it has let go.
      assert.ok(claimed <= begun, `${claimed} was claimed, and taken back after ${begun}`);
      if (claimed < last) shared++;
    }
    assert.ok(shared > 0);
    await stdin.close();
  } finally {
    child.kill("SIGKILL");
    await child.status;
    file.close();
  }
});

Deno.test({
  name:
    "a worker that has joined takes part also where it cannot remove the file, and begins nothing twice",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const file = ClaimFile.create();
    assert.ok(file !== undefined);
    const handle = Deno.openSync(file.path, { read: true, write: true });
    try {
      // A name of the open file that can be opened, but not removed.
      Deno.env.set(claimFileVariable, nameThatStays(file.path));
      const claims = Claims.join();
      assert.equal(file.isJoined, claims !== undefined);
      assert.equal(claims?.claim(1), true);
      assert.equal(file.begun(), 1);
      claims?.close();
    } finally {
      handle.close();
      file.close();
    }
    assert.throws(() => Deno.statSync(file.path), Deno.errors.NotFound);
  },
});

function nameThatStays(path: string): string {
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const link = `/proc/self/fd/${name}`;
    try {
      if (Deno.readLinkSync(link) === path) return link;
    } catch {
      // The directory's own, which is closed again.
    }
  }
  throw new Error(`${path} is not open`);
}
