import { systemClock } from "../../base/clock.ts";
import { requiredKeysDirectory } from "../../keys/files.ts";
import { join as joinCluster } from "../../keys/join/joining.ts";
import { parseToken } from "../../keys/join/token.ts";
import { FirstLines } from "../../wire/first_lines.ts";
import { UsageError } from "../syntax/usage_error.ts";
import { takeKeys } from "./carry.ts";
import { ownName } from "./init.ts";
import type { KeysInput } from "./input.ts";
import { placeOf } from "./place.ts";
import { show } from "./show.ts";

/** Longest line that can hold a token, and what an editor has put around it. */
const tokenBytesMax = 512;

/**
 * `rpc keys join HOST:PORT`: asks for the token, which is no argument, since those are read by
 * everybody.
 */
export async function join(input: KeysInput, target: string): Promise<number> {
  const place = placeOf(target);
  const name = ownName(input.flags.name);
  const directory = requiredKeysDirectory();
  if (Deno.stdin.isTerminal()) console.error("rpc: the token, as rpc keys invite has printed it:");
  const token = parseToken(await readLine());
  if (token === undefined) {
    throw new UsageError(
      "Cannot join: that is no token of rpc keys invite; it begins with rpc-join- and is read " +
        "from the terminal or from stdin",
    );
  }
  takeKeys(directory, await joinCluster(place, token, name, systemClock), input.flags.force);
  return show(input);
}

async function readLine(): Promise<string> {
  const lines = new FirstLines(Deno.stdin, tokenBytesMax);
  return await lines.next() ?? new TextDecoder().decode(lines.rest);
}
