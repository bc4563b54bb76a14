import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";

Deno.test("rpc call --html writes a page of many calls, of lines of an input, and of none", async () => {
  await using home = await RpcHome.create();
  const server = home.start(["serve", "127.0.0.1", "0"]);
  await server.line(/ready/);
  await Deno.writeTextFile(`${home.workingDirectory}/jobs.ndjson`, "[1]\nno JSON\n[3]\n");
  const read = () => Deno.readTextFile(`${home.workingDirectory}/report.html`);
  const html = ["--html", "report.html"];
  const many = await home.run(["call", "ping", "{i}", "-n", "30", "--quiet", ...html]);
  assert.equal(many.code, 0, many.stderr);
  assert.match(await read(), /30 calls, 0 errors/);
  assert.match(await read(), /127\.0\.0\.1:\d+ connected/);
  assert.match(await read(), /<th>at<th>server<th>change/);
  const lines = await home.run(["call", "ping", "--input", "jobs.ndjson", ...html]);
  assert.equal(lines.code, 1, lines.stderr);
  assert.match(await read(), /2 calls, 0 errors/);
  const none = await home.run(["call", "pnig", "-n", "2", "--summary", "none", ...html]);
  assert.equal(none.code, 1, none.stderr);
  assert.match(await read(), /<td>MethodNotFound<td>/);
});

Deno.test("a page that cannot be written is told before a call is made, or with exit code 1", async () => {
  await using home = await RpcHome.create();
  const server = home.start(["serve", "127.0.0.1", "0"]);
  await server.line(/ready/);
  const early = await home.run(["call", "ping", "-n", "2", "--html", "none/report.html"]);
  assert.equal(early.code, 1);
  assert.match(early.stderr, /Cannot write the report none\/report\.html/);
  assert.equal(early.stdout, "");
  for (const flags of [[], ["--each"]]) {
    const one = await home.run(["call", "ping", ...flags, "--html", "report.html"]);
    assert.equal(one.code, 2, one.stderr);
    assert.match(one.stderr, /Cannot use --html for a single call/);
  }
  if (Deno.build.os !== "linux") return;
  const full = await home.run(["call", "ping", "-n", "2", "--html", "/dev/full"]);
  assert.equal(full.code, 1, full.stderr);
  assert.match(full.stderr, /2 calls, 0 errors/);
  assert.match(full.stderr, /Cannot write the report \/dev\/full: /);
});
