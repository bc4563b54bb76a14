import assert from "node:assert/strict";
import { figuresOf } from "../../src/demo/figures.ts";
import { reportOf } from "../../src/demo/report.ts";
import { scenarioTitles } from "../../src/demo/record.ts";
import { judge } from "../../src/demo/verdict.ts";
import { demoRecord } from "./demo_rig.ts";

function reportFor(plot: Parameters<typeof demoRecord>[0]): string {
  const record = demoRecord(plot);
  const figures = figuresOf(record);
  const machine = { cores: 2, load: 0 };
  return reportOf({ record, figures, verdicts: judge(record, figures, machine), machine });
}

Deno.test("the report holds its plots and verdicts, and needs nothing from elsewhere", () => {
  const page = reportFor({});
  assert.equal(page.match(/<svg /g)?.length, 3);
  assert.match(page, /1 killed/);
  assert.match(page, /four servers/);
  const links = page.replaceAll("http://www.w3.org/2000/svg", "");
  assert.doesNotMatch(links, /https?:|src=|href=|@import|url\(/);
  assert.doesNotMatch(page, /NaN|Infinity|undefined/);
});

Deno.test("the report's tables tell each scenario, each server and the machine", () => {
  const record = demoRecord({});
  const figures = figuresOf(record);
  const page = (load: number) => {
    const machine = { cores: 2, load };
    return reportOf({ record, figures, verdicts: judge(record, figures, machine), machine });
  };
  assert.match(page(0), /This machine: 2 cores\. Servers/);
  assert.match(page(1.25), /This machine: 2 cores, 1\.3 other processes at work\. Servers/);
  const rows = [...page(0).matchAll(/<tr>(?:<td[^>]*>[^<]*)+/g)].map(([row]) =>
    row.replaceAll(/<[^>]*>/g, "|")
  );
  for (const [at, title] of scenarioTitles.entries()) {
    assert.ok(rows.some((row) => row.includes(`|${at + 1}|${title}|`)), `${title}: ${rows}`);
  }
  for (const { address, lostAtMs, state } of record.servers) {
    const of = lostAtMs === undefined ? `${address}|` : `${address} (${state})|`;
    assert.ok(rows.some((row) => row.includes(`|${of}`)), `${of}: ${rows}`);
  }
  assert.ok(record.servers.some(({ lostAtMs }) => lostAtMs !== undefined));
});

Deno.test("a demo that fell short, or never began, has a report too", () => {
  assert.match(reportFor({ scenarios: 3 }), /fell short/);
  const page = reportFor({ scenarios: 0 });
  assert.match(page, /fell short/);
  assert.doesNotMatch(page, /NaN|Infinity|undefined/);
});

Deno.test("each column of the report's tables has a name, and the text is the main part", () => {
  const page = reportFor({});
  assert.match(page, /<th>what happened/);
  assert.doesNotMatch(page, /<th[^>]*>\s*[<\n]/);
  assert.match(page, /<main>\s*<h1>/);
});

Deno.test("text in the report is text", () => {
  const record = demoRecord();
  record.tell("note", `<b a="c">&`);
  const figures = figuresOf(record);
  const machine = { cores: 2, load: 0 };
  const page = reportOf({ record, figures, verdicts: judge(record, figures, machine), machine });
  assert.match(page, /<td>&lt;b a=&quot;c&quot;>&amp;|>&lt;b a=&quot;c&quot;>&amp;/);
  assert.doesNotMatch(page, /<b a=/);
});

Deno.test("letters of plots keep their size however narrow the page is", () => {
  const page = reportFor({});
  assert.doesNotMatch(page, /viewBox/, "what is scaled has letters of 5 pixels on a phone");
  for (const [, x] of page.matchAll(/ (?:x|x1|x2|cx)="([^"]+)"/g)) assert.match(x ?? "", /%$/);
});
