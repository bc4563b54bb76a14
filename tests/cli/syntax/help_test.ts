import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { loadCommands } from "../../../src/cli/commands.ts";
import { kebabCase } from "../../../src/cli/syntax/flags.ts";
import { commandHelp, programHelp } from "../../../src/cli/syntax/help.ts";
import { parseArguments } from "../../../src/cli/syntax/parse.ts";
import { words } from "../../docs/commands.ts";

const commands = await loadCommands();

const shown = commands.filter(({ hidden }) => !hidden);

/** A terminal as narrow as they come. */
const columns = 80;

Deno.test("the help of the program names every command, and none that is hidden", () => {
  const help = stripVTControlCharacters(programHelp(commands));
  for (const { name, summary, hidden } of commands) {
    assert.equal(help.includes(`  ${name} `), !hidden, name);
    if (!hidden) assert.ok(help.replaceAll(/\s+/g, " ").includes(summary), name);
  }
  for (const line of help.split("\n")) assert.ok(line.length <= columns, line);
});

Deno.test("help fits a narrow terminal too, and breaks no default and no variable's name", () => {
  for (const columns of [60, 80]) {
    const texts = [
      programHelp(commands, columns),
      ...shown.map((one) => commandHelp(one, columns)),
    ];
    for (const text of texts.map(stripVTControlCharacters)) {
      assert.doesNotMatch(text, /\[(env|default):$/m);
      // Only a command line and a word are never broken.
      const lines = text.split("\n").filter((line) => !/^ {2}rpc |^ *\S+$/.test(line));
      for (const line of lines) assert.ok(line.length <= columns, line);
    }
  }
});

for (const command of shown) {
  Deno.test(`the help of ${command.name} tells all of it`, () => {
    const help = stripVTControlCharacters(commandHelp(command));
    assert.ok(help.startsWith(`${command.summary}\n\nUsage\n  rpc ${command.name}`), help);
    for (const { name } of command.positionals) assert.match(help, new RegExp(`^  ${name} `, "m"));
    for (const key of Object.keys(command.flags)) {
      assert.match(help, new RegExp(`^ .*--${kebabCase(key)}\\b`, "m"), key);
    }
    // Only a command line is never broken.
    const [text = ""] = help.split("Examples");
    for (const line of text.split("\n")) assert.ok(line.length <= columns, line);
    assert.ok(command.examples.length > 0);
    const flat = help.replaceAll(/\s+/g, " ");
    for (const [commandLine, meaning] of command.examples) {
      assert.ok(help.includes(commandLine) && flat.includes(meaning), commandLine);
    }
  });

  Deno.test(`the examples of ${command.name} are command lines that it accepts`, () => {
    for (const [commandLine] of command.examples) {
      // What follows a pipe, or stands before one, is another program's; what follows > is the
      // shell's.
      const own = commandLine.split(" | ").find((part) => part.startsWith("rpc ")) ?? commandLine;
      // Unquoted, zsh has no match for *, and PowerShell takes {} for code and a comma for a list.
      assert.match(commandLine.replaceAll(/"[^"]*"/g, ""), /^[\w\s.:/=~$>|-]*$/);
      const [program, name, ...args] = words(own.split(" >", 1).join(""));
      assert.equal(`${program} ${name}`, `rpc ${command.name}`);
      parseArguments(command, args);
    }
  });
}
