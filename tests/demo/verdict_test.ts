import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { displayWidth } from "../../src/terminal/width.ts";
import { figuresOf } from "../../src/demo/figures.ts";
import { lastLine, summaryOf } from "../../src/demo/summary.ts";
import { judge, type MachineFacts } from "../../src/demo/verdict.ts";
import { type DemoPlot, demoRecord } from "./demo_rig.ts";

const idle: MachineFacts = { cores: 2, load: 0 };

/** The verdicts that are not met, each as scenario, outcome and text. */
function notMet(plot: DemoPlot, machine = idle): string[] {
  const record = demoRecord(plot);
  const verdicts = judge(record, figuresOf(record), machine);
  return verdicts.filter(({ outcome }) => outcome !== "met")
    .map(({ scenario, outcome, text }) => `${scenario} ${outcome} ${text}`);
}

function assertOnly(found: readonly string[], ...patterns: readonly RegExp[]): void {
  assert.equal(found.length, patterns.length, found.join("\n"));
  patterns.forEach((pattern, i) => assert.match(found[i] ?? "", pattern));
}

Deno.test("a demo in which all goes well meets all that is expected of it", () => {
  assertOnly(notMet({}));
  const record = demoRecord();
  const verdicts = judge(record, figuresOf(record), idle);
  assert.deepEqual([...new Set(verdicts.map(({ scenario }) => scenario))], [1, 2, 3, 4, 5]);
  assert.match(lastLine(record, verdicts), /^All five scenarios did what was expected/);
});

Deno.test("one call that fails makes its scenario fall short", () => {
  for (const failIn of [1, 2, 3, 4, 5]) {
    assertOnly(notMet({ failIn }), new RegExp(`^${failIn} short 1 of \\d+ calls failed$`));
  }
});

Deno.test("scenarios that could not be played fall short", () => {
  assertOnly(
    notMet({ scenarios: 3 }),
    /^4 short could not be played/,
    /^5 short could not be played/,
  );
  const record = demoRecord({ scenarios: 3 });
  const verdicts = judge(record, figuresOf(record), idle);
  assert.match(lastLine(record, verdicts), /^Fell short in scenario 4, 5/);
});

Deno.test("a server that joins and that nobody calls is noticed", () => {
  assertOnly(
    notMet({ ignoreSecond: true }),
    /^3 short 0 of 4 clients are connected to all 2 servers$/,
    /^3 short the load splits: 100 %, 0 %/,
    /^4 short 0 of 4 clients are connected to all 4 servers$/,
    /^4 short the load splits: \d+ %, 0 %/,
    /^5 short service goes on with the two that are left: server 2 0 %, server 4 100 %/,
  );
});

Deno.test("more servers must not be slower, and are hoped to be faster as far as there are cores", () => {
  assertOnly(
    notMet({ perSecond: [80, 80, 50, 50, 50] }),
    /^3 short 0\.63 times .* \(expected: at most 2, at least 1\.2\)$/,
    /^4 short 0\.63 times .* \(expected: on 2 cores at most 2, at least 1\.2\)$/,
  );
  assertOnly(
    notMet({ perSecond: [80, 80, 85, 85, 85] }),
    /^3 unjudged 1\.06 times .* \(hoped for: at most 2, at least 1\.2; others may/,
    /^4 unjudged 1\.06 times .* \(hoped for: on 2 cores at most 2, at least 1\.2; others may/,
  );
  // Two servers' worth is enough for two cores, and not for four.
  assertOnly(notMet({ perSecond: [80, 80, 120, 120, 120] }));
  assertOnly(
    notMet({ perSecond: [80, 80, 120, 120, 120] }, { cores: 4, load: 0 }),
    /^4 unjudged 1\.50 times .* \(hoped for: at most 4, at least 1\.6; others may/,
  );
  assertOnly(
    notMet({ perSecond: [80, 80, 50, 50, 50] }, { cores: 1, load: 0 }),
    /^3 unjudged/,
    /^4 unjudged .* one core/,
  );
});

Deno.test("a machine that is busy with other things gets no verdict on speed, unless it is fast", () => {
  const slow = { perSecond: [80, 80, 50, 50, 50] };
  const busy = { cores: 2, load: 1 };
  assertOnly(notMet(slow, busy), /^3 unjudged .* 1\.0 other processes/, /^4 unjudged/);
  assertOnly(notMet({}, busy));
  assertOnly(
    notMet({ perSecond: [80, 320, 640, 640, 640] }, busy),
    /^2 unjudged each client has 100 %/,
  );
});

Deno.test("a server that others keep from its core, and that is given little, gets no verdict", () => {
  const uneven = /^3 unjudged the load splits: 99 %, 1 % \(no verdict: 1\.0 other processes/;
  assertOnly(notMet({ starveSecond: true }, { cores: 2, load: 1 }), uneven, /^4 unjudged/);
  assertOnly(
    notMet({ starveSecond: true }),
    /^3 short the load splits: 99 %, 1 % \(expected: at least 3 % each\)$/,
    /^4 short the load splits/,
  );
});

Deno.test("where the system tells nothing of others, slow is no verdict on the program", () => {
  const untold = { cores: 2, load: undefined };
  const slow = { perSecond: [80, 80, 50, 50, 50] };
  assertOnly(notMet(slow, untold), /^3 unjudged .* does not tell/, /^4 unjudged .* does not tell/);
  assertOnly(notMet({}, untold));
});

Deno.test("four clients that are each as fast as one alone were not served by one server", () => {
  assertOnly(
    notMet({ perSecond: [80, 320, 640, 640, 640] }),
    /^2 short each client has 100 % of the speed that one had alone/,
  );
});

Deno.test("speeds get no verdict where there were few calls", () => {
  assertOnly(
    notMet({ perSecond: [3, 3, 2, 2, 2] }),
    /^3 unjudged 0\.67 times .* \(no verdict on so few calls\)$/,
    /^4 unjudged 0\.67 times .* \(no verdict on so few calls\)$/,
  );
});

Deno.test("clients that made more calls than they were to have made them all, and fewer fall short", () => {
  assertOnly(notMet({ callsMin: 30 }));
  assertOnly(notMet({ callsMin: 100_000 }), /^5 short 0 of 4 clients made their 100000 calls/);
});

Deno.test("shares are of those that are there, and make 100 % in each scenario", () => {
  const record = demoRecord({ perSecond: [7, 7, 7, 7.1, 7], lateAnswers: 9 });
  const figures = figuresOf(record);
  for (const { scenario, servers } of figures) {
    const sum = servers.reduce((total, { percent }) => total + percent, 0);
    assert.equal(sum, 100, `scenario ${scenario}: ${servers.map(({ percent }) => percent)}`);
  }
  assert.deepEqual(figures[4]?.servers.map(({ server }) => server.number), [2, 4]);
});

Deno.test("the summary tells who answered what, a line for each scenario, and compares them last", () => {
  const record = demoRecord();
  const figures = figuresOf(record);
  const text = summaryOf(record, figures, judge(record, figures, idle));
  assert.match(text, /^1 {2}one client, one server +80\.0 .* 0 +100$/m);
  assert.match(text, /^4 {2}four servers +160\.0 .* 0 +25 25 25 25$/m);
  assert.match(text, /^5 {2}two of the four are killed +150\.0 .* 0 +50 50$/m);
  assert.match(text, /^1 +127\.0\.0\.1:4001 +\d+ +\d+ +\d+ +killed$/m);
  const lines = text.split("\n").map(stripVTControlCharacters);
  const starts = lines.map((line) => line.slice(0, 3));
  const verdicts = starts.indexOf("1 ✓");
  assert.deepEqual(starts.slice(verdicts, verdicts + 5), [1, 2, 3, 4, 5].map((n) => `${n} ✓`));
  const table = starts.findIndex((start, i) => i > verdicts && start === "1  ");
  assert.deepEqual(starts.slice(table, table + 7), ["1  ", "2  ", "3  ", "4  ", "5  ", "", "All"]);
  assert.equal(lines.length, table + 7);
});

Deno.test("no line of the summary is wider than the terminal, whatever became of the demo", () => {
  for (const plot of [{}, { failIn: 4 }, { scenarios: 3 }, { ignoreSecond: true }]) {
    const record = demoRecord(plot);
    const figures = figuresOf(record);
    const verdicts = judge(record, figures, idle);
    for (const columns of [60, 80, 120]) {
      for (const line of summaryOf(record, figures, verdicts, columns).split("\n")) {
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
      }
    }
    for (const { scenario } of verdicts.filter(({ outcome }) => outcome === "short")) {
      assert.match(
        stripVTControlCharacters(summaryOf(record, figures, verdicts, 60)),
        new RegExp(`^${scenario} ✗ fell short: `, "m"),
      );
    }
  }
});
