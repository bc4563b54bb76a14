import assert from "node:assert/strict";
import { demoVariable } from "../../src/demo/demo_variable.ts";
import { demoWords } from "../../src/demo/record.ts";
import { DemoLink } from "../../src/demo/report_to_demo.ts";
import { type Reporter, Reports } from "../../src/demo/reports.ts";

/** A process's side, as if it had been started with the invitation. */
async function come({ invitation }: Reporter): Promise<DemoLink> {
  Deno.env.set(demoVariable, invitation);
  const link = await DemoLink.open();
  assert.ok(link !== undefined);
  return link;
}

Deno.test("a demo hears all that a process says before it leaves, and is heard", async () => {
  const reports = new Reports();
  try {
    const heard: string[] = [];
    const ready = Promise.withResolvers<void>();
    const reporter = reports.await((line) => {
      heard.push(line);
      if (line === "ready") ready.resolve();
    });
    const link = await come(reporter);
    assert.equal(Deno.env.get(demoVariable), undefined, "nothing that it starts has the word");
    link.say("ready");
    await ready.promise;
    reporter.say(demoWords.enough);
    reporter.say(demoWords.begin);
    await link.begun;
    assert.ok(link.isEnough);
    assert.equal(link.signal.aborted, false);
    for (let i = 0; i < 1_000; i++) link.say(`line ${i}`);
    await link.close();
    await reporter.ended;
    assert.equal(heard.length, 1_001);
  } finally {
    reports.close();
  }
});

Deno.test("a process of a demo is asked to end by the end of its connection, also before it has come", async () => {
  const reports = new Reports();
  try {
    const here = Promise.withResolvers<void>();
    const present = reports.await(() => here.resolve());
    const link = await come(present);
    link.say("ready");
    await here.promise;
    present.close();
    await aborted(link.signal);
    await present.ended;

    const late = reports.await(() => assert.fail("it is not to be heard"));
    late.close();
    await late.ended;
    await aborted((await come(late)).signal);
  } finally {
    reports.close();
  }
});

Deno.test("a stranger that comes to a demo is sent away, and a word counts once", async () => {
  const reports = new Reports();
  try {
    const heard: string[] = [];
    const here = Promise.withResolvers<void>();
    const reporter = reports.await((line) => {
      heard.push(line);
      here.resolve();
    });
    const link = await come(reporter);
    link.say("mine");
    await here.promise;
    const [port, word] = reporter.invitation.split(" ");
    for (const said of [`${word}\nforged\n`, "hello\n", "GET / HTTP/1.1\r\n", "x".repeat(10_000)]) {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      await conn.write(new TextEncoder().encode(said));
      const length = await conn.read(new Uint8Array(16)).catch(() => null);
      assert.equal(length, null, said);
    }
    assert.deepEqual(heard, ["mine"]);
    await link.close();
    await reporter.ended;
  } finally {
    reports.close();
  }
});

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
