import assert from "node:assert/strict";
import { CommandError } from "../../src/base/command_error.ts";
import { ReportFile } from "../../src/report/file.ts";
import { skippedIf } from "../support/skipped_if.ts";
import { SmallDisk, smallDiskMissing } from "../support/small_disk.ts";

async function inDirectory(act: (directory: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    act(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a report takes the place of an older one when it is written, and not before", () =>
  inDirectory((directory) => {
    const path = `${directory}/report.html`;
    Deno.writeTextFileSync(path, "an older and longer report");
    const file = new ReportFile(path);
    assert.equal(Deno.readTextFileSync(path), "an older and longer report");
    file.write("a new one");
    file.close();
    assert.equal(Deno.readTextFileSync(path), "a new one");
  }));

Deno.test("a report that is never written leaves no file, and an older one as it was", () =>
  inDirectory((directory) => {
    const [fresh, old] = [`${directory}/fresh.html`, `${directory}/old.html`];
    Deno.writeTextFileSync(old, "older");
    for (const path of [fresh, old]) {
      const file = new ReportFile(path);
      file.close();
      file.close();
    }
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["old.html"]);
    assert.equal(Deno.readTextFileSync(old), "older");
  }));

Deno.test("a longer report takes the place of an older one, of which nothing is left", () =>
  inDirectory((directory) => {
    const path = `${directory}/report.html`;
    Deno.writeTextFileSync(path, "older");
    for (const text of ["längér than the older one", "", "é"]) {
      const file = new ReportFile(path);
      file.write(text);
      file.close();
      assert.equal(Deno.readTextFileSync(path), text);
    }
  }));

Deno.test({
  ...skippedIf(smallDiskMissing(), "a full disk leaves the older report as it was"),
  fn() {
    using disk = new SmallDisk();
    const path = `${disk.directory}/report.html`;
    Deno.writeTextFileSync(path, "older");
    const file = new ReportFile(path);
    disk.fill();
    assert.throws(() => file.write("x".repeat(100_000)), /Cannot write the report .*: .*space/);
    file.close();
    assert.equal(Deno.readTextFileSync(path), "older");
  },
});

Deno.test("that a report cannot be written is told before the work, and on a full disk after it", () =>
  inDirectory((directory) => {
    for (const path of [directory, `${directory}/none/report.html`]) {
      assert.throws(() => new ReportFile(path), (error) => {
        return error instanceof CommandError && error.message.startsWith("Cannot write the report");
      });
    }
    if (Deno.build.os !== "linux") return;
    const full = new ReportFile("/dev/full");
    assert.throws(() => full.write("all of it"), /Cannot write the report \/dev\/full: .*space/);
    full.close();
    assert.ok(Deno.statSync("/dev/full").isCharDevice);
  }));
