import assert from "node:assert/strict";
import { UsageError } from "../../../src/base/command_error.ts";
import { wordsOf } from "../../../src/cli/syntax/words.ts";

Deno.test("wordsOf() splits as a shell does", () => {
  const cases: [string, string[]][] = [
    ["python3 tasks.py", ["python3", "tasks.py"]],
    ["  a \t b\n", ["a", "b"]],
    [`sh -c 'echo "$1"' x`, ["sh", "-c", `echo "$1"`, "x"]],
    [`"my program" "a \\"quoted\\" word"`, ["my program", `a "quoted" word`]],
    [`a'b c'"d e"f`, ["ab cd ef"]],
    [`one\\ word \\' ''`, ["one word", "'", ""]],
    [`"back\\\\slash \\n"`, ["back\\slash \\n"]],
    ["$HOME *.ts", ["$HOME", "*.ts"]],
  ];
  for (const [text, words] of cases) assert.deepEqual(wordsOf(text, "linux"), words, text);
});

Deno.test("wordsOf() leaves Windows its backslashes", () => {
  const cases: [string, string[]][] = [
    ["py C:\\jobs\\tasks.py", ["py", "C:\\jobs\\tasks.py"]],
    [`"C:\\Program Files\\Python\\python.exe" tasks.py`, [
      "C:\\Program Files\\Python\\python.exe",
      "tasks.py",
    ]],
    [`say \\"hi\\"`, ["say", `"hi"`]],
    ["'C:\\my jobs\\a.exe' b", ["C:\\my jobs\\a.exe", "b"]],
    [`"C:\\my jobs\\\\" "it's" 'x'`, ["C:\\my jobs\\", "it's", "x"]],
    [`"\\\\host\\share\\py.exe" \\\\host\\a.py`, [
      "\\\\host\\share\\py.exe",
      "\\\\host\\a.py",
    ]],
    [`py -c "print(\\"a b\\")"`, ["py", "-c", `print("a b")`]],
  ];
  for (const [text, words] of cases) assert.deepEqual(wordsOf(text, "windows"), words, text);
});

Deno.test("wordsOf() refuses what is no command", () => {
  for (const text of ["", "  ", "''", "a 'b", 'a "b', "a \\"]) {
    assert.throws(() => wordsOf(text, "linux"), UsageError, JSON.stringify(text));
  }
});
