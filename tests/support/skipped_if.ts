/**
 * The beginning of a test's definition: its name, and whether it is skipped, which the name then
 * says with the reason. `reason`: `undefined` where the test can run.
 */
export function skippedIf(
  reason: string | undefined,
  name: string,
): { readonly name: string; readonly ignore: boolean } {
  return reason === undefined
    ? { name, ignore: false }
    : { name: `${name} (ignored: ${reason})`, ignore: true };
}
