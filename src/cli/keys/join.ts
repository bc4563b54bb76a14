import { systemClock } from "../../base/clock.ts";
import { putKeys } from "../../keys/bundle.ts";
import { assertWritable, lockKeys } from "../../keys/file_writing.ts";
import { hasKeyFiles, requiredKeysDirectory } from "../../keys/files.ts";
import { join as joinCluster } from "../../keys/join/joining.ts";
import type { Keys } from "../../keys/keys.ts";
import { findToken, isBeginningOfToken, isOfToken, type Token } from "../../keys/join/token.ts";
import { FirstLines } from "../../wire/first_lines.ts";
import { UsageError } from "../../base/command_error.ts";
import { assertReplaceable } from "./carry.ts";
import { ownName } from "./init.ts";
import type { KeysInput } from "./input.ts";
import { placeOf } from "./place.ts";
import { show } from "./show.ts";
import { printOnStderr } from "../../terminal/stdout.ts";

/** Longest text that can hold a token: it may be a letter of some lines. */
const tokenBytesMax = 4_096;

/**
 * `rpc keys join HOST:PORT`: asks for the token, which is no argument, since those are read by
 * everybody.
 */
export async function join(input: KeysInput, target: string): Promise<number> {
  const place = placeOf(target);
  const name = ownName(input.flags.name);
  const directory = requiredKeysDirectory();
  // A token is good once: what would keep its keys from their place is told before it is used.
  assertWritable(directory);
  const token = await readToken();
  {
    using _ = await lockKeys(directory);
    assertReplaceable(directory, (cluster) => isOfToken(cluster, token), input.flags.force);
    // A machine that has keys is not to be another member all of a sudden.
    const mayDiffer = input.flags.name === undefined && !hasKeyFiles(directory);
    const keep = (keys: Keys) => putKeys(directory, keys);
    const keys = await joinCluster(place, token, name, systemClock, { mayDiffer, keep });
    if (keys.own.name !== name) {
      printOnStderr(`rpc: this machine is called ${keys.own.name} in the cluster, not ${name}`);
    }
  }
  return show(input);
}

/** The token, though a mail program has broken it, or put something around it. */
async function readToken(): Promise<Token> {
  const isTerminal = Deno.stdin.isTerminal();
  if (isTerminal) printOnStderr("rpc: the token, as rpc keys invite has printed it:");
  const lines = new FirstLines(Deno.stdin, tokenBytesMax);
  let text = "";
  while (true) {
    const line = await lines.next();
    text += line === undefined ? new TextDecoder().decode(lines.rest) : `${line}\n`;
    const token = findToken(text);
    if (token !== undefined) return token;
    // Whoever types sees at once that it is none; what is in a pipe may have a letter around it.
    if (line === undefined || isTerminal && !isBeginningOfToken(text)) break;
  }
  throw new UsageError(
    isBeginningOfToken(text)
      ? "Cannot join: the token is cut off; copy the whole line that rpc keys invite has printed"
      : "Cannot join: that is no token of rpc keys invite; it begins with rpc-join- and is read " +
        "from the terminal or from stdin",
  );
}
