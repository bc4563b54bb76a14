import { RpcError, withoutStack } from "../base/errors.ts";
import { directoryOf } from "../base/paths.ts";
import { strangersDirectoryFault, strangersFault } from "../base/system/strangers.ts";

/**
 * Refuses a user's own file that another user could have written: it can send calls elsewhere, and
 * name programs to run.
 *
 * @throws {RpcError} InvalidParams: its message has the command that mends it
 */
export function assertOwn(path: string): void {
  const directory = directoryOf(path);
  const [file, around] = [stateOf(path), stateOf(directory)];
  const faults = [
    [path, file && strangersFault(path, file, "600")],
    [directory, around && strangersDirectoryFault(directory, around)],
  ];
  for (const [one, fault] of faults) {
    if (fault !== undefined) throw new RpcError("InvalidParams", `Cannot use ${one}: ${fault}`);
  }
}

/** `undefined`: a program may read the file and not its directory; or it was replaced just now. */
function stateOf(path: string): Deno.FileInfo | undefined {
  try {
    return withoutStack(() => Deno.statSync(path));
  } catch {
    return undefined;
  }
}
