import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ClaimFile, claimFileVariable, Claims } from "../../src/workers/claim_file.ts";
import { noMemoryFiles } from "../support/memory_files.ts";
import { skippedIf } from "../support/skipped_if.ts";

/**
 * Where the file may be: in memory, if the system has such a place, or on a disk. The claims of a
 * round take about as long as a message to the process that makes them.
 */
const places = [
  { in: "in memory", directories: ["/dev/shm"], round: 4_000, reason: noMemoryFiles },
  { in: "on a disk", directories: [undefined], round: 20, reason: undefined },
];

/** Both sides in one process. */
function sides(directories?: readonly (string | undefined)[]) {
  const file = ClaimFile.create(directories);
  assert.ok(file !== undefined);
  Deno.env.set(claimFileVariable, file.path);
  const claims = Claims.join();
  assert.ok(claims !== undefined);
  return { file, claims };
}

for (const { in: where, directories, round, reason } of places) {
  Deno.test(
    { ...skippedIf(reason, `a request is begun or taken back, and never both (${where})`) },
    () => {
      const { file, claims } = sides(directories);
      try {
        assert.equal(claims.claim(1), true);
        assert.equal(claims.claim(2), true);
        assert.equal(file.revoke(5), 2);
        for (const id of [3, 4, 5]) assert.equal(claims.claim(id), false);
        assert.equal(claims.claim(6), true);
        assert.equal(file.revoke(6), 6);
        const large = 2 ** 40;
        assert.equal(claims.claim(large), true);
        assert.equal(file.begun(), large);
      } finally {
        file.close();
        claims.close();
      }
    },
  );

  Deno.test({
    ...skippedIf(
      reason,
      `two processes that race for requests share them without loss (${where})`,
    ),
  }, async () => {
    const script = fileURLToPath(new URL("./fixtures/claimer.ts", import.meta.url));
    const file = ClaimFile.create(directories);
    assert.ok(file !== undefined);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script],
      env: { [claimFileVariable]: file.path },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const stdin = child.stdin.getWriter();
    let begun = 0;
    try {
      // Rounds, of which the rest is revoked when the child has claimed some.
      const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      let shared = 0;
      // Where the child is always quicker, as on a busy machine, nothing is shared: then more of
      // them.
      for (let n = 1; n <= 50 || (shared === 0 && n <= 5_000); n++) {
        const last = n * round;
        await stdin.write(new TextEncoder().encode(`${last - round + 1} ${round}\n`));
        const some = last - round + n % 20 * round / 20;
        // To revoke what is revoked already only looks.
        while (file.revoke(last - round) < some) await Promise.resolve();
        const upTo: number = file.revoke(last);
        while (!text.endsWith("\n")) text += (await lines.read()).value ?? assert.fail("it ended");
        const claimed = Number(text.trim());
        text = "";
        // The child tells which of those that the server takes for begun it has let go.
        assert.ok(claimed <= upTo, `${claimed} was claimed, and taken back after ${upTo}`);
        if (claimed < last) shared++;
      }
      assert.ok(shared > 0);
    } finally {
      child.kill("SIGKILL");
      await child.status;
      await stdin.abort().catch(() => {});
      begun = file.begun();
      file.close();
    }
    assert.ok(
      begun > 0 && begun % round === 0,
      `what a killed worker had begun is known: ${begun}`,
    );
  });
}

Deno.test({ ...skippedIf(noMemoryFiles, "a claim takes no call of the system") }, () => {
  const { file, claims } = sides();
  const calls = () => Number(/syscw: (\d+)/.exec(Deno.readTextFileSync("/proc/self/io"))?.[1]);
  try {
    const before = calls();
    for (let id = 1; id <= 1_000; id++) assert.equal(claims.claim(id), true);
    assert.ok(calls() - before < 1_000, `${calls() - before} writes`);
    assert.equal(file.begun(), 1_000);
  } finally {
    file.close();
    claims.close();
  }
});

Deno.test("where one directory takes no file the next one is tried, and no file is left behind", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const file = ClaimFile.create([`${directory}/none`, directory]);
    assert.ok(file !== undefined && file.path.startsWith(directory));
    file.close();
    assert.deepEqual([...Deno.readDirSync(directory)], []);
    assert.equal(ClaimFile.create([`${directory}/none`]), undefined);
  } finally {
    Deno.removeSync(directory, { recursive: true });
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

Deno.test("a worker takes no file of the other form that servers of before have", () => {
  const path = Deno.makeTempFileSync();
  const variable = "RPC_WORKER_CLAIMS";
  Deno.env.set(variable, path);
  try {
    assert.equal(Claims.join(), undefined);
  } finally {
    Deno.env.delete(variable);
    Deno.removeSync(path);
  }
});

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "a worker that has joined takes part also where it cannot remove the file, and begins nothing twice",
  ),
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
