import assert from "node:assert/strict";
import { type TableColumn, tableLines } from "../../src/terminal/table.ts";
import { displayWidth } from "../../src/terminal/width.ts";

type Row = readonly [name: string, count: string, note: string];

const columns: readonly TableColumn<Row>[] = [
  { head: "name", cell: ([name]) => name, cutTo: 6 },
  { head: "count", cell: ([, count]) => count, dispensable: 1 },
  { head: "note", cell: ([, , note]) => note, cutTo: 8 },
];

const rows: readonly Row[] = [
  ["alpha", "12", "nothing to be said of it"],
  ["名字很长的服务", "3456", "👨‍👩‍👧 一家三口 👨‍👩‍👧 at home"],
  ["a\x1b[2Jb", "7", "\x1b[31mred and long enough to be cut\x1b[39m"],
];

Deno.test("a table is never wider than the terminal, with Chinese, emoji and colours in it", () => {
  for (const width of [20, 30, 40, 50, 60, 80, 120]) {
    const lines = tableLines(columns, rows, width);
    assert.equal(lines.length, 4);
    for (const line of lines) assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
  }
});

Deno.test("what is cut ends with an ellipsis, and those that can spare most are cut most", () => {
  assert.deepEqual(tableLines(columns, rows, 36), [
    "name       count  note",
    "alpha      12     nothing to be sai…",
    "名字很长…  3456   👨‍👩‍👧 一家三口 👨‍👩‍👧 at…",
    "a[2Jb      7      \x1b[31mred and long enou\x1b[0m…",
  ]);
});

Deno.test("what is too much is cut to the character, and nothing else is left out or cut", () => {
  const three = ["x", "y", "z"].map((letter, i) => ({
    head: letter,
    cell: (row: readonly string[]) => row[i]!,
    cutTo: 5,
    dispensable: i,
  }));
  const wide = [["x".repeat(10), "y".repeat(10), "z".repeat(10)]];
  assert.equal(tableLines(three, wide, 34)[1], wide[0]!.join("  "));
  assert.equal(tableLines(three, wide, 19)[1], "xxxx…  yyyy…  zzzz…");
  assert.equal(tableLines(three, wide, 18)[1], "xxxxxxx…  yyyyyyy…");
});

Deno.test("columns are left out only where cutting is not enough, and others keep their place", () => {
  const [head, first] = tableLines(columns, rows, 18);
  assert.equal(head, "name   note");
  assert.equal(first, "alpha  nothing t…");
});

Deno.test("without a terminal nothing is cut", () => {
  const lines = tableLines(columns, [["x".repeat(200), "1", "y".repeat(90)]]);
  assert.equal(lines[1], `${"x".repeat(200)}  1      ${"y".repeat(90)}`);
});
