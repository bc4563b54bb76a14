import assert from "node:assert/strict";
import { join } from "node:path";
import { SourceWatch } from "../../../src/cli/serve/watch_sources.ts";
import {
  watchCancelMsMax,
  watchEveryMs,
  watchLoadMsMax,
  watchSettleMsMax,
} from "../../../src/cli/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { linkTest } from "../../support/posix.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

interface Load {
  readonly text: string;
  readonly signal: AbortSignal;
  readonly end: PromiseWithResolvers<void>;
}

/** A watched module, the loads that were begun, and a clock that stands still. */
class Rig implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly loads: Load[] = [];
  /** What was logged as an error: message and fields. */
  readonly errors: unknown[][] = [];
  readonly path: string;
  readonly directory: string;
  readonly #watch: SourceWatch;

  private constructor(directory: string) {
    this.directory = directory;
    this.path = join(directory, "tasks.ts");
    this.write("export {};");
    this.#watch = new SourceWatch({
      sources: { module: this.path },
      reload: (signal) => {
        const end = Promise.withResolvers<void>();
        this.loads.push({ text: this.#text(), signal, end });
        signal.addEventListener("abort", () => end.reject(signal.reason));
        return end.promise;
      },
      clock: this.clock,
      log: { ...silentLogger, error: (...error) => void this.errors.push(error) },
    });
    this.#watch.start();
    this.look(3);
  }

  static async create(): Promise<Rig> {
    return new Rig(await Deno.makeTempDir());
  }

  /** Each text has to differ in length from the one before: the file system's clock is coarse. */
  write(text: string, path = this.path): void {
    Deno.writeTextFileSync(path, text);
  }

  #text(): string {
    try {
      return Deno.readTextFileSync(this.path);
    } catch {
      return "(removed)";
    }
  }

  /** Lets it look so many times. */
  look(times: number): void {
    for (let i = 0; i < times; i++) this.clock.advance(watchEveryMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.close();
    await Deno.remove(this.directory, { recursive: true });
  }
}

Deno.test("an edit is loaded once it has settled, and one that changes nothing is not", async () => {
  await using rig = await Rig.create();
  rig.write("export const a = 1;");
  rig.look(1);
  assert.equal(rig.loads.length, 0, "more of it may come");
  rig.look(1);
  assert.deepEqual(rig.loads.map(({ text }) => text), ["export const a = 1;"]);
  rig.loads[0]?.end.resolve();
  Deno.utimeSync(rig.path, 1, 1);
  rig.look(5);
  assert.equal(rig.loads.length, 1);
});

Deno.test("a version that cannot be loaded is told, with the place in its file as a stack", async () => {
  await using rig = await Rig.create();
  rig.write("def broken(:");
  rig.look(2);
  rig.loads[0]?.end.reject(new Error("Cannot serve tasks.py:\n  line 1\n    def broken(:"));
  await settled();
  const message = "Not reloaded, still serving the version before: Cannot serve tasks.py:";
  assert.deepEqual(rig.errors, [[message, { stack: "  line 1\n    def broken(:" }]]);
  rig.write("export {}; //");
  rig.look(2);
  rig.loads[1]?.end.reject(new Error("Cannot load tasks.ts"));
  await settled();
  assert.deepEqual(rig.errors[1]?.[1], {});
});

Deno.test("what a module writes beside itself is no edit", async () => {
  await using rig = await Rig.create();
  for (const name of ["log.txt", "data.sqlite", "data.sqlite-wal", "tasks.ts.tmp", "other.ts"]) {
    rig.write("x", join(rig.directory, name));
    rig.look(3);
  }
  assert.equal(rig.loads.length, 0);
});

Deno.test("a newer version ends the load of an older one, which may never end itself", async () => {
  await using rig = await Rig.create();
  rig.write("await new Promise(() => {});");
  rig.look(2);
  rig.write("export const good = 1;");
  rig.look(2);
  assert.deepEqual(rig.loads.map(({ signal }) => signal.aborted), [true, false]);
});

Deno.test("a file that is written all the time is loaded all the same, and each load may end", async () => {
  await using rig = await Rig.create();
  let text = "//";
  for (let i = 0; i < 2 * watchSettleMsMax / watchEveryMs; i++) {
    rig.write(text += "x");
    rig.look(1);
  }
  assert.equal(rig.loads.length, 1);
  assert.equal(rig.loads[0]?.signal.aborted, false);
});

Deno.test("of loads that take longer than the pauses between saves every second one may end", async () => {
  await using rig = await Rig.create();
  let text = "//";
  for (let ms = 0; ms <= 2 * watchCancelMsMax; ms += 1_000) {
    rig.write(text += "x");
    rig.look(1_000 / watchEveryMs);
  }
  assert.deepEqual(rig.loads.map(({ signal }) => signal.aborted), [true, false]);
  rig.loads[1]?.end.resolve();
  await rig.loads[1]?.end.promise;
  rig.look(1);
  assert.deepEqual(rig.loads.map(({ signal }) => signal.aborted), [true, false, false]);
  assert.equal(rig.loads[2]?.text, text, "the newest one is next");
});

Deno.test("loads that never end keep a newer one waiting for a bounded time", async () => {
  await using rig = await Rig.create();
  rig.write("// never");
  rig.look(watchCancelMsMax / watchEveryMs);
  for (const text of ["// never ever", "export const good = 1;"]) {
    rig.write(text);
    rig.look(2);
  }
  assert.equal(rig.loads.length, 2);
  rig.look(watchLoadMsMax / watchEveryMs);
  assert.deepEqual(rig.loads.map(({ signal }) => signal.aborted), [true, true, false]);
  assert.equal(rig.loads[2]?.text, "export const good = 1;");
});

linkTest("a link on the way to the module that leads elsewhere is an edit", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of [["one", "export const a = 1;"], ["two", "export const b = 2;"]]) {
      Deno.mkdirSync(join(directory, name as string));
      Deno.writeTextFileSync(join(directory, name as string, "tasks.ts"), text as string);
    }
    Deno.symlinkSync("one", join(directory, "..data"));
    Deno.symlinkSync(join("..data", "tasks.ts"), join(directory, "tasks.ts"));
    const clock = new VirtualClock();
    let loads = 0;
    const watch = new SourceWatch({
      sources: { module: join(directory, "tasks.ts") },
      reload: () => Promise.resolve(void loads++),
      clock,
      log: silentLogger,
    });
    watch.start();
    Deno.symlinkSync("two", join(directory, "..data_tmp"));
    Deno.renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
    for (let i = 0; i < 3; i++) clock.advance(watchEveryMs);
    assert.equal(loads, 1);
    watch.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a module that is removed, broken and good again is loaded each time", async () => {
  await using rig = await Rig.create();
  Deno.removeSync(rig.path);
  rig.look(2);
  rig.write("this is no module");
  rig.look(2);
  rig.write("export const good = 1;");
  rig.look(2);
  assert.deepEqual(rig.loads.map(({ text }) => text), [
    "(removed)",
    "this is no module",
    "export const good = 1;",
  ]);
});
