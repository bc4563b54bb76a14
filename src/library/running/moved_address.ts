import type { Clock, Timer } from "../../base/clock.ts";
import { isForOthers, type OwnAddress } from "./advertise.ts";

/** How often is looked: about as soon as clients have noticed that nobody answers any more. */
const lookPeriodMs = 5_000;

/** What {@link followAddress} needs. */
interface FollowOptions {
  /** The address of this machine that is announced. */
  readonly host: string;
  /** The machine's own addresses. @default `Deno.networkInterfaces` */
  readonly interfaces?: (() => readonly OwnAddress[]) | undefined;
  readonly clock: Clock;
  /** Called when the machine has another address in its place. Must not throw. */
  moved(host: string): void;
}

/**
 * Looks now and then whether the machine still has an address, as after a new lease of DHCP.
 *
 * Only the interface that had it counts. While a network is down other interfaces have addresses,
 * such as those of containers, and nobody knows whether clients reach them.
 */
export function followAddress(
  { host, interfaces = Deno.networkInterfaces, clock, moved }: FollowOptions,
): Timer {
  let current = find(interfaces, (one) => one.address === host);
  return clock.every(lookPeriodMs, () => {
    if (current === undefined) return;
    const { address, name, family } = current;
    if (find(interfaces, (one) => one.address === address) !== undefined) return;
    const next = find(
      interfaces,
      (one) => one.name === name && one.family === family && isForOthers(one),
    );
    if (next === undefined) return;
    current = next;
    moved(next.address);
  });
}

function find(
  interfaces: () => readonly OwnAddress[],
  isSought: (one: OwnAddress) => boolean,
): OwnAddress | undefined {
  try {
    return interfaces().find(isSought);
  } catch {
    // No file handle is free, for example: looked at again.
    return undefined;
  }
}
