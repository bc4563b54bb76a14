import { messageOf } from "../../base/errors.ts";
import { gatewayTokenLengthMin } from "../../gateway/limits.ts";
import { shellWord } from "../syntax/shell_word.ts";
import { UsageError } from "../../base/command_error.ts";
import { printOnStderr, writeWhole } from "../../terminal/stdout.ts";

/** A new token: 256 bits that nobody guesses, of characters that need no quotes anywhere. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}

/** Warns of a secret that others can read. It may be mounted so, and is used all the same. */
export function warnOfReaders(flag: string, path: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch {
    // It was removed since it was read: nobody can read it any more.
    return;
  }
  const { isFile, mode } = info;
  if (Deno.build.os === "windows" || !isFile || mode === null || (mode & 0o077) === 0) return;
  printOnStderr(
    `rpc: other users of this machine can read ${flag} ${path}: chmod 600 ${shellWord(path)}`,
  );
}

/**
 * Makes the file with a new token, which it returns.
 *
 * @throws the file system's error. There is no new file then: an empty one would keep each later
 * start from going on
 */
function makeTokenFile(path: string): string {
  const token = newToken();
  using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  try {
    writeWhole(file, `${token}\n`);
  } catch (error) {
    try {
      Deno.removeSync(path);
    } catch {
      // What kept it from being written says more.
    }
    throw error;
  }
  return token;
}

/**
 * The token in a file. Where there is no file, one is made with a new token, that only its owner
 * can read.
 *
 * @throws {UsageError} it cannot be read or made, or holds no token
 */
export async function tokenOf(path: string): Promise<string> {
  try {
    return makeTokenFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new UsageError(`Cannot make --token-file ${path}: ${messageOf(error)}`);
    }
  }
  let token: string;
  try {
    token = (await Deno.readTextFile(path)).trim();
  } catch (error) {
    throw new UsageError(`Cannot read --token-file ${path}: ${messageOf(error)}`);
  }
  if (token.length >= gatewayTokenLengthMin && /^[\w.~+/=-]+$/.test(token)) {
    warnOfReaders("--token-file", path);
    return token;
  }
  throw new UsageError(
    `Cannot use --token-file ${path}: it must hold one token of at least ${gatewayTokenLengthMin} ` +
      "letters, digits and -._~+/=",
  );
}
