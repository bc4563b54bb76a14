import assert from "node:assert/strict";
import { defaultInterpreter } from "../../../src/workers/python/default_interpreter.ts";

function choice(
  os: "linux" | "windows",
  path: string,
  env: Readonly<Record<string, string>>,
  files: readonly string[],
) {
  const exists = (file: string) => files.includes(file);
  return defaultInterpreter(path, { os, env: (name) => env[name], exists });
}

Deno.test("a file in Python is run by the one of .venv beside it, or by the system's", () => {
  const own = "/jobs/.venv/bin/python";
  assert.deepEqual(choice("linux", "/jobs/tasks.py", {}, [own]), [own]);
  assert.deepEqual(choice("linux", "/jobs/tasks.py", { VIRTUAL_ENV: "/else" }, []), ["python3"]);
});

// To see it fail: return py -3 wherever there is no .venv.
Deno.test("on Windows an active environment goes before the launcher, and that before python", () => {
  const env = {
    VIRTUAL_ENV: "C:\\venv",
    CONDA_PREFIX: "C:\\conda",
    PATH: "C:\\Windows\\system32;;C:\\Windows",
  };
  const path = "C:\\jobs\\tasks.py";
  const places = [
    "C:\\jobs\\.venv\\Scripts\\python.exe",
    "C:\\venv\\Scripts\\python.exe",
    "C:\\conda\\python.exe",
    "C:\\Windows\\py.exe",
  ];
  const choices = places.map((_, index) => choice("windows", path, env, places.slice(index)));
  assert.deepEqual(choices, [...places.slice(0, 3).map((own) => [own]), ["py", "-3"]]);
  assert.deepEqual(choice("windows", path, env, []), ["python"]);
  const unset = { VIRTUAL_ENV: "", CONDA_PREFIX: "" };
  assert.deepEqual(choice("windows", path, unset, ["\\Scripts\\python.exe"]), ["python"]);
});
