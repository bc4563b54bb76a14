import assert from "node:assert/strict";
import { silentLogger } from "../../../src/base/log.ts";
import { AuditFile } from "../../../src/cli/serve/audit_file.ts";
import { fullPipe } from "../../support/full_pipe.ts";
import { SmallDisk, smallDiskMissing } from "../../support/small_disk.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test("what a caller names a method is no more than text in the audit", async () => {
  const path = await Deno.makeTempFile();
  try {
    const audit = new AuditFile(path, silentLogger);
    const seen = "a\x1b[2J\u009b31m\u202eb\u2028c\nd\\ud83d";
    // Half a pair of surrogates, which would have jq read none of the lines that follow.
    const method = `${seen}\ud83d`;
    audit.add({ caller: undefined, from: "127.0.0.1:1", method, outcome: "ok", durationMs: 1 });
    await audit.close();
    const text = await Deno.readTextFile(path);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/);
    assert.equal(JSON.parse(text).method, `${seen}\ufffd`);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("an audit whose disk fails at the start is told with what to do", () => {
  const { statSync } = Deno;
  const path = Deno.makeTempFileSync();
  try {
    Deno.statSync = () => {
      throw new Error("Input/output error (os error 5)");
    };
    assert.throws(
      () => new AuditFile(path, silentLogger),
      /^CommandError: Cannot write .*: Input\/output error .*; choose another --audit$/,
    );
  } finally {
    Deno.statSync = statSync;
    Deno.removeSync(path);
  }
});

Deno.test({
  ...skippedIf(onWindows, "a file of the audit that was moved away or removed is made anew"),
  async fn() {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/audit`;
    const audit = new AuditFile(path, silentLogger);
    let calls = 0;
    const call = () => {
      const method = `m${++calls}`;
      audit.add({ caller: undefined, from: "127.0.0.1:1", method, outcome: "ok", durationMs: 1 });
    };
    const size = () => {
      try {
        return Deno.statSync(path).size;
      } catch {
        return 0;
      }
    };
    try {
      call();
      await waitFor("the first line", () => size() > 0);
      await Deno.rename(path, `${path}.1`);
      await waitFor("a new file after a rotation", () => {
        call();
        return size() > 0;
      });
      assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
      await Deno.rename(path, `${path}.2`);
      // As a program does that rotates logs and makes the next one itself, with a line cut short.
      const cut = "cut";
      await Deno.writeTextFile(path, cut);
      await waitFor("lines in the file that another program made", () => {
        call();
        return size() > cut.length;
      });
      await audit.close();
      const texts = await Promise.all(
        [`${path}.1`, `${path}.2`, path].map((name) => Deno.readTextFile(name)),
      );
      const methods = texts.join("").replace(`${cut}\n`, "").trimEnd().split("\n").map((line) =>
        JSON.parse(line).method
      );
      assert.deepEqual(
        methods,
        Array.from({ length: calls }, (_, i) => `m${i + 1}`),
        "none is lost",
      );
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test({
  ...skippedIf(
    onWindows,
    "a pipe that is full or that nobody reads holds up neither the start nor the end",
  ),
  async fn() {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/pipe`;
    try {
      const full = await fullPipe(path);
      const told: [message: string, fields: unknown][] = [];
      const tell = (message: string, fields?: Readonly<Record<string, unknown>>) => {
        told.push([message, fields]);
      };
      const audit = new AuditFile(path, { ...silentLogger, warn: tell, error: tell });
      const method = "m".repeat(100_000);
      const calls = 60;
      const add = () =>
        audit.add({ caller: undefined, from: "127.0.0.1:1", method, outcome: "ok", durationMs: 1 });
      for (let i = 0; i < calls; i++) add();
      assert.deepEqual(told, [["Cannot write the audit", {
        path,
        reason: "it takes no more for now",
      }]]);
      await within("the end", audit.close());
      assert.deepEqual(told.slice(1), [["Calls are missing in the audit", { path, calls }]]);
      full.close();

      told.splice(0);
      const unread = new AuditFile(path, { ...silentLogger, warn: tell, error: tell });
      unread.add({ caller: undefined, from: "127.0.0.1:1", method, outcome: "ok", durationMs: 1 });
      await unread.close();
      assert.match(JSON.stringify(told), /Cannot write the audit.*Broken pipe.*"calls":1/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

const missing = smallDiskMissing();

Deno.test({
  ...skippedIf(missing, `a full disk cuts at most one line of the audit, and counts it`),
  async fn() {
    using disk = new SmallDisk();
    const path = `${disk.directory}/audit`;
    const told: [message: string, calls: unknown][] = [];
    const tell = (message: string, fields?: Readonly<Record<string, unknown>>) => {
      told.push([message, fields?.calls]);
    };
    const audit = new AuditFile(path, { ...silentLogger, warn: tell, error: tell });
    const call = (method: string) =>
      audit.add({ caller: undefined, from: "127.0.0.1:1", method, outcome: "ok", durationMs: 1 });

    // The file's last page is the disk's last one, so that the line that no longer fits is cut.
    call("before");
    await waitFor("the first line", () => Deno.statSync(path).size > 0 || undefined);
    disk.fill();
    const many = 100;
    for (let i = 0; i < many; i++) call(`many ${i}`);
    await waitFor("a line that does not fit", () => told.length > 0 || undefined);
    disk.makeRoom();
    call("after");
    await audit.close();

    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    const methods = lines.map((line) => {
      try {
        return JSON.parse(line).method;
      } catch {
        return "cut";
      }
    });
    const whole = methods.length - 3;
    assert.deepEqual(methods.slice(0, 2), ["before", "many 0"]);
    assert.deepEqual(methods.slice(-3), [`many ${whole - 1}`, "cut", "after"]);
    assert.deepEqual(told, [
      ["Cannot write the audit", undefined],
      ["Calls are missing in the audit", many - whole],
    ]);

    // Of a program that was killed.
    await Deno.writeTextFile(path, '{"time":');
    const next = new AuditFile(path, silentLogger);
    next.add({ caller: undefined, from: "x", method: "next", outcome: "ok", durationMs: 1 });
    await next.close();
    const [, last = ""] = (await Deno.readTextFile(path)).split("\n");
    assert.equal(JSON.parse(last).method, "next");
  },
});
