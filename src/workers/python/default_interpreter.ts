import { posix, win32 } from "node:path";
import { exists } from "../../base/paths.ts";

/** What the choice depends on, so that every system's can be tested on any. */
interface InterpreterPlace {
  readonly os: typeof Deno.build.os;
  env(name: string): string | undefined;
  exists(path: string): boolean;
}

const processPlace: InterpreterPlace = {
  os: Deno.build.os,
  env: (name) => Deno.env.get(name),
  exists,
};

/**
 * The Python for a file where nobody has named one, with arguments: that of `.venv` beside it, or
 * the one that a shell would start.
 *
 * On Windows that is asked of `py`, the launcher: `python` may be a stub there that only opens the
 * Microsoft Store. But `py` passes over an environment that is active where it is told the version,
 * and not every Python brings it.
 *
 * @param path the file's absolute path
 */
export function defaultInterpreter(path: string, place = processPlace): readonly string[] {
  const { os, env } = place;
  if (os !== "windows") {
    const own = posix.join(posix.dirname(path), ".venv", "bin", "python");
    return [place.exists(own) ? own : "python3"];
  }
  const directories = [
    win32.join(win32.dirname(path), ".venv", "Scripts"),
    ...[env("VIRTUAL_ENV")].filter(isNamed).map((venv) => win32.join(venv, "Scripts")),
    ...[env("CONDA_PREFIX")].filter(isNamed),
  ];
  const own = directories.map((directory) => win32.join(directory, "python.exe"))
    .find((program) => place.exists(program));
  if (own !== undefined) return [own];
  const searched = (env("PATH") ?? "").split(";").filter(isNamed);
  const hasLauncher = searched.some((directory) => place.exists(win32.join(directory, "py.exe")));
  return hasLauncher ? ["py", "-3"] : ["python"];
}

function isNamed(directory: string | undefined): directory is string {
  return directory !== undefined && directory !== "";
}
