import assert from "node:assert/strict";
import { shellWord } from "../../../src/cli/syntax/shell_word.ts";
import { wordsOf } from "../../../src/cli/syntax/words.ts";

const words = [
  "plain",
  "a b",
  "it's",
  `"double"`,
  "$(ls)",
  "",
  "a\\b c",
  "~/x",
  "名字",
  "{i}",
  "a,b",
  "=x",
  "#",
];

Deno.test("a word that is shown to be typed means itself to a shell", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const script = `printf '%s\\0' ${
    [...words, "a\nb\tc\x1b[1m'\\"].map((word) => shellWord(word)).join(" ")
  }`;
  const { stdout } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), [
    ...words,
    "a\nb\tc\x1b[1m'\\",
  ]);
});

Deno.test("a word for Windows means itself where only double quotes quote, and there are backslashes", () => {
  for (const word of [...words, "C:\\a b\\", `a\\"b`].filter((word) => word !== "")) {
    assert.deepEqual(wordsOf(shellWord(word, "windows"), "windows"), [word]);
  }
  assert.equal(shellWord("C:\\jobs.ndjson", "windows"), "C:\\jobs.ndjson");
});
