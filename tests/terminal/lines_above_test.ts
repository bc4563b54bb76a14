import assert from "node:assert/strict";
import { erasing, linesAbove } from "../../src/terminal/lines_above.ts";

const bar = "\r████░░ 50 %\x1b[K";
const shownBar = "████░░ 50 %";

/** As much of a terminal as a bar needs, which tells its screen after each character. */
class FakeTerminal {
  readonly #columns: number;
  readonly #rows: number;
  /** All rows that there ever were; the last ones are the screen. */
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor({ columns, rows }: { columns: number; rows: number }) {
    this.#columns = columns;
    this.#rows = rows;
  }

  get lines(): string[] {
    return this.#lines.map((cells) => cells.join("").trimEnd());
  }

  get screen(): string[] {
    return this.lines.slice(-this.#rows);
  }

  write(text: string, after: () => void = () => {}): void {
    // deno-lint-ignore no-control-regex
    for (const [piece] of text.matchAll(/\x1b\[\d*[AK]|[^]/gu)) {
      this.#take(piece);
      after();
    }
  }

  #take(piece: string): void {
    if (piece === "\r") this.#column = 0;
    else if (piece === "\n") this.#feed();
    else if (piece === "\x1b[K") this.#lines[this.#row]?.splice(this.#column);
    else if (piece.endsWith("A")) this.#row -= Number(piece.slice(2, -1));
    else {
      if (this.#column === this.#columns) this.#feed();
      const cells = this.#lines[this.#row] ?? [];
      while (cells.length < this.#column) cells.push(" ");
      cells[this.#column++] = piece;
    }
  }

  #feed(): void {
    this.#column = 0;
    if (++this.#row === this.#lines.length) this.#lines.push([]);
  }
}

const sizes = [60, 80, 120, 200].map((columns) => ({ columns, rows: 24 }));

Deno.test("a flood of results leaves the bar on the screen at every single moment", () => {
  for (const size of [...sizes, { columns: 20, rows: 4 }]) {
    const terminal = new FakeTerminal(size);
    terminal.write(bar);
    const lines = Array.from({ length: 120 }, (_, i) => i % 7 === 0 ? "" : "x".repeat(i % 39));
    const text = lines.filter((line) => line === "" || line.length % size.columns !== 0);
    terminal.write(linesAbove(`${text.join("\n")}\n`, bar, size), () => {
      assert.ok(terminal.screen.includes(shownBar), `no bar on ${terminal.screen.join("\n")}`);
    });
    terminal.write(erasing);
    const expected = text.flatMap((line) =>
      line.match(RegExp(`.{1,${size.columns}}`, "g")) ?? [""]
    );
    assert.deepEqual(terminal.lines, [...expected, ""], "and nothing of it among them");
  }
});

Deno.test("results whose room cannot be told stand above the bar too, whole", () => {
  for (const size of [...sizes, { columns: 20, rows: 2 }]) {
    const terminal = new FakeTerminal(size);
    terminal.write(bar);
    const lines = ["a", "x".repeat(size.columns), "b", "é", "c".repeat(size.columns * 30), "d"];
    terminal.write(linesAbove(`${lines.join("\n")}\n`, bar, size));
    assert.equal(terminal.lines.at(-1), shownBar);
    assert.equal(terminal.lines.slice(0, -1).join(""), lines.join(""));
  }
});
