import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { LentBytes } from "../../src/base/spare_buffers.ts";
import { LineSplitter } from "../../src/wire/lines.ts";
import type { LongLine } from "../../src/wire/message.ts";
import { textOfLine } from "../../src/wire/unread/bytes.ts";
import { BodyFile, newBodyPath } from "../../src/workers/body_file.ts";
import { bodyRingBytes } from "../../src/workers/limits.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { noMemoryFiles } from "../support/memory_files.ts";
import { skippedIf } from "../support/skipped_if.ts";

const megabyte = 1024 * 1024;

/** Both sides in one process, and the same file for those who look at it. */
function withSides(
  test: (sides: { server: BodyFile; worker: BodyFile; file: Deno.FsFile }) => void,
): void {
  const path = newBodyPath() as string;
  const server = BodyFile.create(path) as BodyFile;
  using file = Deno.openSync(path);
  assert.equal(server.isJoined, false);
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  const worker = BodyFile.join(path) as BodyFile;
  try {
    assert.equal(server.isJoined, true);
    assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
    test({ server, worker, file });
  } finally {
    server.close();
    worker.close();
  }
}

function lineOf(length: number, body: string | LentBytes): LongLine {
  return { head: '{"é":', body, tail: ` ,"${length}":1}\n`, length };
}

function lent(length: number, value: number): LentBytes {
  return new LentBytes(new Uint8Array(length).fill(value));
}

Deno.test(
  {
    ...skippedIf(
      noMemoryFiles,
      "bodies arrive whole and in order, however far the reader is behind",
    ),
  },
  () => {
    withSides(({ server, worker }) => {
      for (const [from, to] of [[server, worker], [worker, server]] as const) {
        const random = seededRandom(3);
        const onTheWay: { line: string; length: number; value: number }[] = [];
        let refused = 0;
        for (let i = 0; i < 150; i++) {
          const length = Math.ceil(40_000 + random() ** 4 * 6 * megabyte);
          const value = i % 100 + 28;
          const line = from.put(lineOf(length, lent(length, value)));
          if (line === undefined) refused++;
          else onTheWay.push({ line, length, value });
          while (onTheWay.length > 0 && (line === undefined || random() < 0.4)) {
            const next = onTheWay.shift();
            if (next === undefined) break;
            const { bytes } = to.take(next.line.trimEnd());
            const head = new TextEncoder().encode('{"é":');
            assert.deepEqual(bytes.subarray(0, head.length), head);
            const body = bytes.subarray(head.length, head.length + next.length);
            const sent = new Uint8Array(next.length).fill(next.value);
            assert.equal(Buffer.compare(body, sent), 0);
            const tail = new TextDecoder().decode(bytes.subarray(head.length + next.length));
            assert.equal(tail, ` ,"${next.length}":1}`);
          }
        }
        assert.ok(refused > 0 && refused < 75, `${refused}`);
      }
    });
  },
);

Deno.test(
  {
    ...skippedIf(
      noMemoryFiles,
      "a text is the same line as by the pipe, whatever its characters take",
    ),
  },
  () => {
    withSides(({ server, worker }) => {
      // The second of each length goes where there is memory already.
      for (const character of ["x", "é", "😀", "x", "é", "😀"]) {
        const line = lineOf(40_000, character.repeat(40_000));
        const put = server.put(line) as string;
        assert.equal(
          new TextDecoder().decode(worker.take(put.trimEnd()).bytes) + "\n",
          textOfLine(line),
        );
      }
    });
  },
);

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "a line is known that stayed bytes, as all of a read in which there is a replacement mark",
  ),
}, () => {
  withSides(({ server, worker }) => {
    const line = { ...lineOf(40_000, "x".repeat(40_000)), head: '{"\ufffdé":' };
    const read = new TextEncoder().encode(`{"\ufffd":1}\n${server.put(line)}`);
    const [other, put] = new LineSplitter().pushLong(read) as [LentBytes, LentBytes];
    assert.deepEqual([other, put].map(BodyFile.holdsBodyOf), [false, true]);
    assert.equal(new TextDecoder().decode(worker.take(put).bytes) + "\n", textOfLine(line));
  });
});

Deno.test({
  ...skippedIf(noMemoryFiles, "a reader that keeps up leaves most of the file without memory"),
}, () => {
  withSides(({ server, worker, file }) => {
    for (let i = 0; i < 100; i++) {
      const lines = [1, 2].map((value) =>
        server.put(lineOf(100_000, lent(100_000, value))) as string
      );
      for (const line of lines) worker.take(line.trimEnd());
    }
    assert.ok(file.statSync().size < megabyte, `${file.statSync().size}`);
  });
});

Deno.test(
  {
    ...skippedIf(noMemoryFiles, "what is short, has no room or cannot be written goes by the pipe"),
  },
  () => {
    withSides(({ server, worker }) => {
      const length = bodyRingBytes / 2 + 1;
      assert.equal(server.put(lineOf(1_000, lent(1_000, 1))), undefined);
      assert.equal(server.put(lineOf(2 * length, lent(2 * length, 1))), undefined);
      const half = lent(length, 1);
      const { writeSync } = Deno.FsFile.prototype;
      Deno.FsFile.prototype.writeSync = () => {
        throw new Error("No space left on device (os error 28)");
      };
      try {
        assert.equal(server.put(lineOf(length, half)), undefined);
      } finally {
        Deno.FsFile.prototype.writeSync = writeSync;
      }
      const first = server.put(lineOf(length, lent(length, 1))) as string;
      assert.equal(server.put(lineOf(length, half)), undefined);
      assert.equal(half.isGone, false);
      worker.take(first.trimEnd());
      const second = server.put(lineOf(length, half)) as string;
      assert.equal(worker.take(second.trimEnd()).bytes[10], 1);
      assert.equal(half.isGone, true);
    });
  },
);

Deno.test(
  {
    ...skippedIf(noMemoryFiles, "a line of 4 KiB takes no system call once there is memory for it"),
  },
  () => {
    withSides(({ server, worker }) => {
      const pass = () => {
        const put = server.put(`${"x".repeat(4_096)}\n`) as string;
        return worker.take(put.trimEnd()).length;
      };
      pass();
      const { writeSync, readSync, seekSync } = Deno.FsFile.prototype;
      const forbidden = () => {
        throw new Error("A system call");
      };
      const all = { writeSync: forbidden, readSync: forbidden, seekSync: forbidden };
      Object.assign(Deno.FsFile.prototype, all);
      try {
        for (let i = 0; i < 100; i++) assert.equal(pass(), 4_096);
      } finally {
        Object.assign(Deno.FsFile.prototype, { writeSync, readSync, seekSync });
      }
    });
  },
);

Deno.test(
  {
    ...skippedIf(noMemoryFiles, "what names no place of a line is an error, and touches no memory"),
  },
  () => {
    withSides(({ server }) => {
      const lines = [
        ...["\x01", "\x01{}", "\x011,2\x01", "\x01-1,2", "\x011.5,2", "\x010,2,3"],
        ...[`\x010,${bodyRingBytes + 1}`, `\x01${bodyRingBytes - 1},2`],
      ];
      for (const line of lines) assert.throws(() => server.take(line), /names no place/, line);
      assert.throws(() => server.take("\x010,100000"), /that is not there/);
      assert.throws(() => server.take("\x010,100000", 100_000), /more than 100000 bytes/);
    });
  },
);

Deno.test(
  { ...skippedIf(noMemoryFiles, "places begin anew before they have too many digits") },
  () => {
    withSides(({ server, worker }) => {
      const pass = () => {
        const put = server.put(`${"x".repeat(4_096)}\n`) as string;
        assert.equal(worker.take(put.trimEnd()).length, 4_096);
      };
      const { ceil } = Math;
      // As after so many millions of lines.
      for (const lines of [2 ** 24, 2 ** 26]) {
        Math.ceil = (number) => ceil(number) + lines;
        try {
          pass();
        } finally {
          Math.ceil = ceil;
        }
      }
      pass();
      // It is still known how far the reader has come.
      const length = bodyRingBytes / 2 + 1;
      const first = server.put(lineOf(length, lent(length, 1))) as string;
      assert.equal(server.put(lineOf(length, lent(length, 2))), undefined);
      assert.equal(worker.take(first.trimEnd()).bytes[10], 1);
    });
  },
);

Deno.test({ ...skippedIf(noMemoryFiles, "a worker finds the whole file, or none") }, () => {
  const path = newBodyPath() as string;
  const { openSync } = Deno;
  let worker: BodyFile | undefined;
  Deno.openSync = (...options) => {
    const file = openSync(...options);
    Deno.openSync = openSync;
    worker = BodyFile.join(path);
    return file;
  };
  const server = BodyFile.create(path);
  Deno.openSync = openSync;
  try {
    assert.equal(worker, undefined);
    worker = BodyFile.join(path);
    assert.equal(server?.isJoined, true);
  } finally {
    server?.close();
    worker?.close();
  }
});

Deno.test(
  { ...skippedIf(noMemoryFiles, "a path that somebody else has taken is not used") },
  () => {
    const path = newBodyPath() as string;
    Deno.writeTextFileSync(path, "");
    try {
      assert.equal(BodyFile.create(path), undefined);
    } finally {
      Deno.removeSync(path);
    }
    assert.equal(BodyFile.join(path), undefined);
  },
);
