import assert from "node:assert/strict";
import { taskDefinition } from "../../../src/cli/service/task_definition.ts";
import { taskInstall, taskStatus, taskUninstall } from "../../../src/cli/service/windows.ts";

const plan = {
  name: "rpc",
  isOfUser: false,
  command: [
    "C:\\Program Files\\rpc.exe",
    "serve",
    "0.0.0.0",
    "6666",
    "--exec",
    'py "a b" 50%',
    "C:\\x\\",
  ],
  directory: "C:\\my tasks",
  user: undefined,
  environment: { RPC_REGISTRY: "zookeeper://a:2181", RPC_ZONE: "100%", PATH: 'C:\\a;"C:\\b & c"' },
  stopMs: 30_500,
};

Deno.test("a task runs a script, which runs the very words and starts them again", () => {
  const place = { name: "rpc", user: undefined, directory: "C:\\Program Files" };
  const { stop, files: [script, definition], commands, notes } = taskInstall(plan, place);
  assert.match(script?.path ?? "", /^C:\\Program Files.rpc.rpc\.cmd$/);
  const lines = script?.text.split("\r\n") ?? [];
  const has = (line: string) => assert.ok(lines.includes(line), `${line}\nin\n${script?.text}`);
  has('cd /d "C:\\my tasks"');
  has('set "RPC_ZONE=100%%"');
  has('set PATH=C:\\a;^"C:\\b ^& c^"');
  has(`set "RPC_STOP_FILE=${stop?.file}"`);
  const words = '"C:\\Program Files\\rpc.exe" "serve" "0.0.0.0" "6666" "--exec" ' +
    '^"py \\^"a b\\^" 50%%^" "C:\\x\\\\"';
  assert.ok(lines.some((line) => line.startsWith(`${words} >>"C:\\Program`)), script?.text);
  has("if %errorlevel% equ 2 exit /b 2");
  has("goto again");
  const path = definition?.path ?? "";
  assert.ok(definition?.text.includes(`<Arguments>/d /c ""${script?.path}""</Arguments>`));
  assert.deepEqual(commands, [
    ["schtasks", "/Create", "/F", "/TN", "rpc", "/XML", path],
    ["schtasks", "/Run", "/TN", "rpc"],
  ]);
  assert.match(notes.join(), /rpc\.log/);
});

Deno.test("what stops a server is the same at its next installation and its removal", () => {
  const place = { name: "mine", user: "PC\\al", directory: "D:\\data" };
  const { stop, commands } = taskUninstall(place);
  assert.deepEqual(stop, taskInstall(plan, place).stop);
  assert.match(stop?.file ?? "", /^D:\\data.rpc.mine\.stop$/);
  assert.deepEqual(stop?.command, ["schtasks", "/End", "/TN", "mine"]);
  assert.deepEqual(commands, [["schtasks", "/Delete", "/F", "/TN", "mine"]]);
  assert.deepEqual(taskStatus(place).slice(-2), ["/TN", "mine"]);
});

Deno.test("a task has no end, and begins with the machine, or when its own user logs on", () => {
  const script = "D:\\home\\Zoë & 王\\rpc.cmd";
  const ofMachine = taskDefinition(script, undefined);
  const ofUser = taskDefinition(script, "PC\\Zoë");
  for (const text of [ofMachine, ofUser]) {
    assert.ok(text.includes("<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>"));
    assert.ok(text.includes("<DisallowStartIfOnBatteries>false<"));
    assert.ok(text.includes("<StopIfGoingOnBatteries>false<"));
    assert.ok(text.includes('""D:\\home\\Zo&#235; &amp; &#29579;\\rpc.cmd""'), text);
    assert.match(text, /^[\0-\x7f]*$/);
  }
  assert.match(ofMachine, /<BootTrigger>.*<UserId>S-1-5-18<\/UserId>/s);
  assert.match(ofUser, /<LogonTrigger><UserId>PC\\Zo&#235;<.*<Principal .*<UserId>PC\\Zo&#235;</s);
});

Deno.test("no word of a command line becomes a command of the script, whatever quotes are in it", () => {
  const place = { name: "rpc", user: undefined, directory: "C:\\data" };
  const hostile = ['"& del x &"', 'a"b|c', '"', "a & b", "50%PATH%", 'x\\"^&(y)<z>!"'];
  const { files: [file] } = taskInstall({ ...plan, command: ["rpc.exe", ...hostile] }, place);
  const line = file?.text.split("\r\n").find((one) => one.startsWith('"rpc.exe" ')) ?? "";
  const { words, rest } = asCmdReads(line);
  assert.deepEqual(asProgramsRead(words), ["rpc.exe", ...hostile]);
  assert.equal(
    rest,
    '>>"C:\\data/rpc/rpc.log" 2>&1'.replaceAll("/", rest.includes("/") ? "/" : "\\"),
  );
});

/** What cmd hands to a program of a line in a script, and what it takes for itself. */
function asCmdReads(line: string): { readonly words: string; readonly rest: string } {
  const text = line.replaceAll("%%", "\0");
  assert.ok(!text.includes("%"), line);
  let words = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charAt(at);
    if (sign === "^" && !isQuoted) words += text.charAt(++at);
    else if (!isQuoted && /[&|<>]/.test(sign)) {
      return { words: words.replaceAll("\0", "%"), rest: text.slice(at) };
    } else {
      if (sign === '"') isQuoted = !isQuoted;
      words += sign;
    }
  }
  return { words: words.replaceAll("\0", "%"), rest: "" };
}

/** The words that a program of Windows finds in its command line. */
function asProgramsRead(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (const [, slashes = "", sign = ""] of line.matchAll(/(\\*)([^\\]|$)/g)) {
    if (sign === '"') {
      word = (word ?? "") + "\\".repeat(slashes.length >> 1);
      if (slashes.length % 2 === 1) word += '"';
      else isQuoted = !isQuoted;
      continue;
    }
    if (slashes !== "") word = (word ?? "") + slashes;
    if (sign === " " && !isQuoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (sign !== "") word = (word ?? "") + sign;
  }
  return word === undefined ? words : [...words, word];
}
