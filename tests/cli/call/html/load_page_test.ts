import assert from "node:assert/strict";
import { RpcError } from "../../../../src/base/errors.ts";
import { loadPageOf } from "../../../../src/cli/call/html/load_page.ts";
import { LoadRecord } from "../../../../src/cli/call/html/load_record.ts";
import { CallSummary } from "../../../../src/cli/call/summary.ts";
import type { CallReport } from "../../../../src/client/call_report.ts";
import { aReport } from "./load_rig.ts";

/** The page of calls of which one ends every ten milliseconds. */
function pageFor(
  calls: readonly Partial<CallReport>[],
  { method = "fib", rate }: { method?: string; rate?: number } = {},
): string {
  let nowMs = 0;
  const summary = new CallSummary();
  const record = new LoadRecord(() => nowMs);
  for (const call of calls) {
    nowMs += 10;
    if (call.server !== undefined && !summary.servers.has(call.server)) {
      record.changed(call.server, "connected");
    }
    summary.add(aReport(call));
    record.add(aReport(call));
  }
  const [gone] = record.servers;
  if (gone !== undefined) record.changed(gone, "lost");
  const stats = { retries: 1, ejections: 0, connected: 1, reached: true };
  const facts = { elapsedMs: nowMs, stats, rate, isInterrupted: false };
  return loadPageOf({ method, summary, record, facts });
}

const many = Array.from({ length: 900 }, (_, i) => ({
  server: `10.0.0.${1 + i % 3}:6666`,
  durationMs: 1 + (i * 7919) % 97,
  ...(i % 100 === 0 ? { error: new RpcError("DeadlineExceeded", "No answer within 10 s") } : {}),
}));

Deno.test("the page of a load test has its plots, shares, errors and changes of servers", () => {
  const page = pageFor(many, { rate: 100 });
  assert.equal(page.match(/<svg /g)?.length, 3);
  assert.match(page, /900 calls, 9 errors, 9\.000 s, 100 calls\/s \(100 asked for\), 1 retry/);
  assert.match(page, /Latency, from when each call was due/);
  const percentages = [...page.matchAll(/\((\d+) %\)/g)].map(([, percent]) => Number(percent));
  assert.equal(percentages.length, 3);
  assert.equal(percentages.reduce((sum, one) => sum + one, 0), 100);
  assert.match(page, /<td>DeadlineExceeded<td>No answer within 10 s<td class="n">9/);
  assert.match(page, /class="event join"/);
  assert.match(page, /class="event loss"/);
  assert.match(page, /<rect class="failed"/);
  assert.match(page, /<td>p99\.9<td class="n">97\.0 ms/);
  const links = page.replaceAll("http://www.w3.org/2000/svg", "");
  assert.doesNotMatch(links, /https?:|src=|href=|@import|url\(|<script/);
});

Deno.test("there is a page of no call, of one, of failures alone, and of a thousand servers", () => {
  const error = new RpcError("Unavailable", "nobody");
  const thousand = Array.from({ length: 1_000 }, (_, i) => ({ server: `s${i}`, durationMs: 0 }));
  for (const calls of [[], [{ server: "s", durationMs: 3 }], [{ error }, { error }], thousand]) {
    const page = pageFor(calls);
    assert.match(page, /<\/html>/);
    assert.doesNotMatch(page, /NaN|Infinity|undefined|="-\d[\d.]*%/);
  }
  assert.match(pageFor(thousand), /and 950 more/);
  assert.match(pageFor(thousand), /other servers/);
});

Deno.test("others' text in the page is text: methods, servers, errors", () => {
  const evil = `<script>alert("1")</script>&'\u202e\x1b[2J`;
  const page = pageFor(
    [{ server: evil }, { error: new RpcError("InternalError", evil) }],
    { method: evil },
  );
  assert.doesNotMatch(page, /<script|alert\("/);
  const shown = /&lt;script>alert\(&quot;1&quot;\)&lt;\/script>&amp;'\\u202e\\u001b/g;
  assert.equal(page.match(shown)?.length, 9);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(page, /[\u202e\x1b]/);
});
