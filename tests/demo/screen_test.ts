import assert from "node:assert/strict";
import { frameOf } from "../../src/demo/screen.ts";
import { displayWidth } from "../../src/terminal/width.ts";
import { demoRecord } from "./demo_rig.ts";

Deno.test("a drawing shows each server, each client from 1 on and what happened, and fits the terminal", () => {
  const record = demoRecord();
  for (const [columns, rows] of [[60, 24], [80, 24], [120, 30], [200, 50], [80, 18]] as const) {
    const frame = frameOf(record, columns, rows);
    const text = frame.join("\n");
    assert.ok(frame.length <= rows, `${frame.length} lines on ${rows}`);
    for (const number of [1, 2, 3, 4]) assert.match(text, new RegExp(`127.0.0.1:400${number}`));
    for (const number of [1, 2, 3, 4]) assert.match(text, new RegExp(`client ${number} +[█░]+ `));
    assert.match(text, /server 3 is killed/);
    assert.doesNotMatch(text, /client 5/);
    const shares = [...text.matchAll(/ (\d+) %/g)].map(([, percent]) => Number(percent));
    assert.equal(shares.reduce((sum, one) => sum + one, 0), 100, text);
    for (const line of frame) assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
  }
});

Deno.test("a drawing says what it can while nothing has begun", () => {
  const frame = frameOf(demoRecord({ scenarios: 0 }), 80, 24);
  assert.match(frame[0] ?? "", /starting/);
});
