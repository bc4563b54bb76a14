/**
 * The machine's Python 3, or `undefined` if there is none: its tests are reported as ignored then.
 */
export const python: string | undefined = ["python3", "python"].find((program) => {
  try {
    const { stdout } = new Deno.Command(program, { args: ["--version"] }).outputSync();
    return new TextDecoder().decode(stdout).startsWith("Python 3");
  } catch {
    return false;
  }
});

/** Why tests of Python are skipped; `undefined`: they are not. */
export const noPython: string | undefined = python === undefined
  ? "there is no Python 3"
  : undefined;

/** Pythons that our adapter runs on, of those that the machine has: the oldest and the newest. */
export const oldestAndNewestPython: readonly string[] = (() => {
  const names = Array.from({ length: 12 }, (_, i) => `python3.${i + 8}`);
  const byVersion = new Map<number, string>();
  for (const program of [...names, ...pythonsOfPyenv(), "python3", "python"]) {
    const minor = minorVersionOf(program);
    if (minor !== undefined && minor >= 8 && !byVersion.has(minor)) byVersion.set(minor, program);
  }
  const minors = [...byVersion.keys()].toSorted((a, b) => a - b);
  const chosen = [minors.at(0), minors.at(-1)].flatMap((minor) => minor ?? []);
  return [...new Set(chosen)].map((minor) => byVersion.get(minor) as string);
})();

/** Why tests of our Python files are skipped; `undefined`: they are not. */
export const noServedPython: string | undefined = oldestAndNewestPython.length === 0
  ? "there is no Python 3.8 or later"
  : undefined;

function pythonsOfPyenv(): string[] {
  const versions = `${Deno.env.get("PYENV_ROOT") ?? `${Deno.env.get("HOME")}/.pyenv`}/versions`;
  try {
    return [...Deno.readDirSync(versions)].map(({ name }) => `${versions}/${name}/bin/python3`);
  } catch {
    return [];
  }
}

function minorVersionOf(program: string): number | undefined {
  try {
    const { stdout, success } = new Deno.Command(program, { args: ["--version"] }).outputSync();
    const [, minor] = /^Python 3\.(\d+)/.exec(new TextDecoder().decode(stdout)) ?? [];
    return success && minor !== undefined ? Number(minor) : undefined;
  } catch {
    return undefined;
  }
}
