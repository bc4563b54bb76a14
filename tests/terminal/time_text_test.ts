import assert from "node:assert/strict";
import { timeText } from "../../src/terminal/time_text.ts";

Deno.test("a moment is told to the second or the minute, and what is none is a dash", () => {
  assert.equal(timeText(1_767_225_600_999, "seconds"), "2026-01-01T00:00:00Z");
  assert.equal(timeText(1_767_225_600_999, "minutes"), "2026-01-01T00:00Z");
  assert.equal(timeText(8.64e15, "minutes"), "+275760-09-13T00:00Z");
  for (const ms of [0, 1e300, -1e300, NaN, Infinity]) assert.equal(timeText(ms, "seconds"), "-");
});
