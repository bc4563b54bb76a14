import assert from "node:assert/strict";
import { shellLines, shellWord } from "../../../src/cli/syntax/shell_word.ts";
import { wordsOf } from "../../../src/cli/syntax/words.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

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

Deno.test({
  ...skippedIf(onWindows, "a word that is shown to be typed means itself to a shell"),
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

Deno.test("what a terminal would obey is written in letters, and nothing else is", () => {
  assert.equal(shellWord("a\x1b[1m", "linux"), String.raw`$'a\u001b[1m'`);
  assert.equal(shellWord("it's\n", "linux"), String.raw`$'it\'s\n'`);
  assert.equal(shellWord("名字 x", "linux"), "'名字 x'");
});

Deno.test("a word for Windows means itself where only double quotes quote, and there are backslashes", () => {
  for (const word of [...words, "C:\\a b\\", `a\\"b`].filter((word) => word !== "")) {
    assert.deepEqual(wordsOf(shellWord(word, "windows"), "windows"), [word]);
  }
  assert.equal(shellWord("C:\\jobs.ndjson", "windows"), "C:\\jobs.ndjson");
});

/** What cmd hands to a program: as it stands, but for carets outside of its quotes. */
function readByCmd(line: string): string {
  let isQuoted = false;
  return line.replaceAll(/\^[^]|%[^%]*%|["&|<>]/g, (sign) => {
    if (sign[0] === "^") return isQuoted ? sign : sign.slice(1);
    assert.notEqual(sign[0], "%", `cmd puts a variable's value into ${line}`);
    if (sign === '"') isQuoted = !isQuoted;
    else assert.ok(isQuoted, `cmd obeys ${sign} in ${line}`);
    return sign;
  });
}

Deno.test("a command line for Windows means itself to cmd and, if told apart, to PowerShell", () => {
  const odd = [
    ...words.filter((word) => word !== ""),
    ...["C:\\a b\\", '{"a":"x & y"}', '{"a":["<x> | ^y"]}', "%PATH%", 'a"%x%', "100 %", "“", "`"],
    ...[`a" | b "it's`, 'a" && b', "x” | b “", '{"a":"%PATH%"}'],
  ];
  for (const word of odd) {
    const { line, inPowerShell = line } = shellLines(["rpc", "call", word], "windows");
    assert.deepEqual(wordsOf(readByCmd(line), "windows"), ["rpc", "call", word]);
    const [, isVerbatim, rest = ""] = /^rpc (--% )?(.*)$/s.exec(inPowerShell) ?? [];
    const single = /^call '((?:[^'‘’‚‛]|'')*)'$/.exec(rest)?.[1]?.replaceAll("''", "'");
    if (single !== undefined) {
      // Before 7.3, PowerShell puts it into double quotes as it is.
      assert.deepEqual(wordsOf(`"${single}"`, "windows"), [word]);
      continue;
    }
    assert.deepEqual(wordsOf(rest, "windows"), ["call", word]);
    if (isVerbatim) {
      const outside = rest.replaceAll(/["“”„][^"“”„]*["“”„]/g, "");
      assert.doesNotMatch(outside, /\||&&/, `PowerShell begins a command in ${rest}`);
      assert.doesNotMatch(rest, /%[^%]*%/, `PowerShell puts a variable's value into ${rest}`);
      continue;
    }
    assert.match(rest, /^call (?:[\w.:\/\\+=-]+|"[^"$`“”„]*[^"$`“”„\\]")$/);
  }
  const [simple, empty] = ["32", ""].map((word) => shellLines(["rpc", "call", word], "windows"));
  assert.deepEqual(simple, { line: "rpc call 32", inPowerShell: undefined });
  assert.deepEqual(shellLines(["rpc", "a b"], "windows"), {
    line: 'rpc "a b"',
    inPowerShell: undefined,
  });
  assert.deepEqual(empty, { line: 'rpc call ""', inPowerShell: 'rpc --% call ""' });
});
