import assert from "node:assert/strict";
import { CommandError } from "../../src/base/command_error.ts";
import { ReportFile } from "../../src/report/file.ts";

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
