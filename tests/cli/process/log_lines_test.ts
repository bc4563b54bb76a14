import assert from "node:assert/strict";
import { logLevels } from "../../../src/base/log.ts";
import { jsonLogLine, textLogLine } from "../../../src/cli/process/log_lines.ts";

const wallTimeMs = Date.UTC(2026, 10, 27, 11, 45, 1, 20);
const [pipe, terminal] = [false, true].map((is) => ({ isTerminal: () => is })) as [
  { isTerminal(): boolean },
  { isTerminal(): boolean },
];

/** What a message of "warn" looks like. */
function lines(message: string, fields: Record<string, unknown> = {}) {
  const record = { level: "warn", wallTimeMs, message, fields } as const;
  return { text: textLogLine(record, pipe), json: jsonLogLine(record) };
}

Deno.test("a line of the log has time, level, message and fields, as text and as JSON", () => {
  const { text, json } = lines("A {worker} ended", { workerPid: 7, how: 'it\'s "lost"', at: 9n });
  assert.equal(
    text,
    '2026-11-27T11:45:01.020Z WRN A {worker} ended workerPid=7 how=`it\'s "lost"` at=9n\n',
  );
  assert.deepEqual(JSON.parse(json), {
    "@timestamp": "2026-11-27T11:45:01.020Z",
    level: "WARN",
    message: "A {worker} ended",
    logger: "rpc",
    properties: { workerPid: 7, how: 'it\'s "lost"', at: "9" },
  });
  assert.equal(json.indexOf("\n"), json.length - 1);
});

Deno.test("each level has three letters in text, and its name in JSON", () => {
  const records = logLevels.map((level) => ({ level, wallTimeMs, message: "m", fields: {} }));
  const texts = records.map((record) => textLogLine(record, pipe).split(" ")[1]);
  assert.deepEqual(texts, ["DBG", "INF", "WRN", "ERR"]);
  const names = records.map((record) => JSON.parse(jsonLogLine(record)).level);
  assert.deepEqual(names, ["DEBUG", "INFO", "WARN", "ERROR"]);
});

Deno.test("what others wrote makes no line of its own, and nothing that a terminal obeys", () => {
  const { text, json } = lines("one\ntwo\x1b[2J", { peer: "a\nb\u202e", more: ["\x1b]0;c\x07"] });
  for (const line of [text, json]) {
    assert.equal(line.indexOf("\n"), line.length - 1);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(line, /[\x00-\x09\x0b-\x1f\u202e]/);
  }
  assert.deepEqual(JSON.parse(json).properties, { peer: "a\nb\u202e", more: ["\x1b]0;c\x07"] });
  // Many programs refuse JSON with half a pair of surrogates, and jq all lines behind it.
  const halves = JSON.parse(lines("\ud83d\ude00 \udc00", { "\ud800": "\\ud800" }).json);
  assert.deepEqual([halves.message, halves.properties], ["\u{1f600} \ufffd", {
    "\ufffd": "\\ud800",
  }]);
});

Deno.test("a stack is on indented lines of its own, and an error shows its", () => {
  const { text } = lines("f failed", { stack: "at f\nat\x1b g", n: 1 });
  assert.equal(text.slice(25), "WRN f failed n=1\n    at f\n    at\\u001b g\n");
  const { json } = lines("threw", { error: new TypeError("no {x}") });
  assert.match(JSON.parse(json).properties.error, /^TypeError: no \{x\}\n +at .*log_lines_test/);
});

Deno.test("a line of the log has no secret, wherever it stands", () => {
  const url = "zookeeper://me:secret@host:2181";
  for (const line of Object.values(lines(`Cannot reach ${url}`, { url, all: [url], stack: url }))) {
    assert.doesNotMatch(line, /secret/);
    assert.match(line, /me:\*\*\*@host/);
  }
});

Deno.test("a line is coloured for a terminal alone", () => {
  const record = { level: "error", wallTimeMs, message: "m", fields: { n: 1 } } as const;
  const coloured = textLogLine(record, terminal);
  // deno-lint-ignore no-control-regex
  const plain = coloured.replaceAll(/\x1b\[\d+m/g, "");
  assert.equal(plain, textLogLine(record, pipe));
  assert.equal(coloured !== plain, !Deno.noColor && Deno.env.get("TERM") !== "dumb");
});
