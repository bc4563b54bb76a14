import { systemClock } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { requiredKeysDirectory } from "../../keys/files.ts";
import { KeyRing } from "../../keys/key_ring.ts";
import { renew as renewKeys } from "../../library/running/renew.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openCommandRegistry } from "../registry.ts";
import type { KeysInput } from "./input.ts";
import { show } from "./show.ts";

/** How long servers are looked for and asked. */
const patienceMs = 60_000;

/** `rpc keys renew`: a new key and a new certificate for the same machine. */
export async function renew(input: KeysInput): Promise<number> {
  const log = plainLogger(false);
  const directory = requiredKeysDirectory();
  const keys = KeyRing.open(directory, systemClock, log);
  if (keys === undefined) {
    throw new CommandError(
      `There are no keys in ${directory} to renew: create a cluster with rpc keys init`,
    );
  }
  const discovery = await openCommandRegistry(input.flags, log);
  const patience = new AbortController();
  const timer = systemClock.after(patienceMs, () => patience.abort());
  try {
    const { service } = input.flags;
    await renewKeys(keys, { discovery, service, clock: systemClock, signal: patience.signal });
  } finally {
    timer.cancel();
    await discovery.close();
  }
  return show(input);
}
