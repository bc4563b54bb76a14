import assert from "node:assert/strict";
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
  environment: { RPC_REGISTRY: "zookeeper://a:2181", RPC_ZONE: "100%" },
  stopMs: 30_500,
};

Deno.test("a task runs a script, which runs the very words and starts them again", () => {
  const place = { name: "rpc", isOfUser: false, dataDirectory: "C:\\ProgramData" };
  const { file, commands, notes } = taskInstall(plan, place);
  const path = file?.path ?? "";
  assert.match(path, /^C:\\ProgramData.rpc.rpc\.cmd$/);
  const lines = file?.text.split("\r\n") ?? [];
  const has = (line: string) => assert.ok(lines.includes(line), `${line}\nin\n${file?.text}`);
  has('cd /d "C:\\my tasks"');
  has('set "RPC_ZONE=100%%"');
  const words = '"C:\\Program Files\\rpc.exe" "serve" "0.0.0.0" "6666" "--exec" ' +
    '"py \\"a b\\" 50%%" "C:\\x\\\\"';
  assert.ok(lines.some((line) => line.startsWith(`${words} >>"C:\\ProgramData`)), file?.text);
  has("if %errorlevel% equ 2 exit /b 2");
  has("goto again");
  assert.deepEqual(commands, [
    [
      "schtasks",
      "/Create",
      "/F",
      "/TN",
      "rpc",
      "/SC",
      "ONSTART",
      "/RU",
      "SYSTEM",
      "/TR",
      `"${path}"`,
    ],
    ["schtasks", "/Run", "/TN", "rpc"],
  ]);
  assert.match(notes.join(), /rpc\.log/);
});

Deno.test("a task of a user runs when that user logs in", () => {
  const place = { name: "mine", isOfUser: true, dataDirectory: "D:\\data" };
  const { commands } = taskInstall({ ...plan, name: "mine", isOfUser: true }, place);
  assert.deepEqual(commands[0]?.slice(3, 7), ["/TN", "mine", "/SC", "ONLOGON"]);
  assert.deepEqual(taskUninstall(place).commands, [
    ["schtasks", "/End", "/TN", "mine"],
    ["schtasks", "/Delete", "/F", "/TN", "mine"],
  ]);
  assert.deepEqual(taskStatus(place).slice(-2), ["/TN", "mine"]);
});
