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
