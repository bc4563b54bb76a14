import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { loadLater } from "../../base/system/load_later.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Discovery } from "../../discovery/discovery.ts";
import { dateProblem, endsSoon, expiryText, isToRenew, renewalAdvice } from "../../keys/expiry.ts";
import { hasAuthority } from "../../keys/files.ts";
import type { KeyRing } from "../../keys/key_ring.ts";
import type { RenewalPlace } from "./renew.ts";

/**
 * How often to look at the dates. They may be near at once, where the machine has slept for weeks,
 * or its clock was set only after the start.
 */
const datesLookMs = 60 * 1_000;

/** How often to look whether the files have changed, also while nobody connects. */
const lookMs = 1_000;

const loadRenewal = loadLater(() => import("./renew.ts"));

/**
 * How long after a renewal the next one is tried: the machine that makes keys may be on only for
 * some hours of a day.
 */
const renewalMs = 60 * 60 * 1_000;

/** How often the log tells that keys end soon, and that they cannot be renewed. */
const dailyMs = 24 * 60 * 60 * 1_000;

/** What {@link tendKeys} needs. */
interface TendOptions {
  readonly keys: KeyRing;
  readonly place: RenewalPlace;
  readonly log: Logger;
  /** Resolves when the registry has been connected to: its certificate is not known before. */
  readonly connected: Promise<void>;
  /** Called when this machine has become a member of another cluster. Must not throw. */
  readonly joined?: (() => void) | undefined;
}

/**
 * Looks after this machine's keys while a program runs for long: warns when they, or those of the
 * registry, end soon, and renews its own before.
 */
export function tendKeys({ keys, place, log, connected, joined }: TendOptions): Timer {
  const { clock, discovery } = place;
  const renewIf = (isDue: () => boolean) =>
    renewWhenDue(isDue, async () => (await loadRenewal()).renew(keys, place), clock, log);
  const endSoon = () => isToRenew(keys.current().own.validToMs, clock.wallTimeMs());
  const areEarly = () => clock.wallTimeMs() < keys.current().own.validFromMs;
  const { othersText } = keys;
  if (othersText !== undefined) log.warn(othersText);
  let { cluster } = keys.current();
  const timers = [
    watchExpiry(keys, clock, log),
    renewIf(() => endSoon() && !keys.areLast),
    // They were made while this machine's clock was ahead. Where another one made them, it refuses
    // them now, as all others do.
    renewIf(() => areEarly() && hasAuthority(keys.directory)),
    everyMinute(clock, dailyMs, () => {
      if (!areEarly() || hasAuthority(keys.directory)) return false;
      const { own } = keys.current();
      log.warn(`Nobody takes the keys of ${own.name}: ${dateProblem(own, clock.wallTimeMs())}`);
      return true;
    }),
    clock.every(lookMs, () => {
      const before = cluster;
      cluster = keys.current().cluster;
      if (cluster !== before) joined?.();
    }),
  ];
  let isCancelled = false;
  void connected.then(() => {
    if (!isCancelled) timers.push(watchRegistryExpiry(discovery, clock, log));
  });
  return {
    cancel() {
      isCancelled = true;
      for (const timer of timers) timer.cancel();
    },
  };
}

/** Warns, now and every day, if this machine's keys end soon or have ended. */
export function watchExpiry(keys: KeyRing, clock: Clock, log: Logger): Timer {
  return everyMinute(clock, dailyMs, () => {
    const { own } = keys.current();
    const nowMs = clock.wallTimeMs();
    if (!endsSoon(own.validToMs, nowMs)) return false;
    const advice = renewalAdvice(keys.areLast);
    log.warn(`The keys of ${own.name} end: ${expiryText(own.validToMs, nowMs)}. ${advice}`);
    return true;
  });
}

/** The same for the certificate that the registry has shown, which nothing renews. */
export function watchRegistryExpiry(discovery: Discovery, clock: Clock, log: Logger): Timer {
  return everyMinute(clock, dailyMs, () => {
    const ending = registryEnding(discovery, clock.wallTimeMs());
    if (ending !== undefined) log.warn(`${ending.text}. ${ending.todo}`);
    return ending !== undefined;
  });
}

/** What to say of a registry whose certificate ends soon or has ended, and what to do about it. */
export function registryEnding(
  discovery: Discovery,
  nowMs: number,
): { readonly text: string; readonly todo: string } | undefined {
  const shown = discovery.certificate?.();
  if (shown === undefined || !endsSoon(shown.validToMs, nowMs)) return undefined;
  const { member, validToMs } = shown;
  return {
    text: `ZooKeeper's certificate at ${addressOf(member)} ends: ${expiryText(validToMs, nowMs)}`,
    todo: `rpc keys zookeeper ${member.host} makes another, where the cluster was made`,
  };
}

/** Renews the keys when they are due, with one attempt an hour. */
function renewWhenDue(
  isDue: () => boolean,
  renew: () => Promise<void>,
  clock: Clock,
  log: Logger,
): Timer {
  let toldAtMs = -Infinity;
  const failed = (error: unknown) => {
    if (clock.now() - toldAtMs < dailyMs) return;
    toldAtMs = clock.now();
    log.warn("Cannot renew the keys yet", { reason: messageOf(error) });
  };
  return everyMinute(clock, renewalMs, () => {
    if (!isDue()) return false;
    renew().catch(failed);
    return true;
  });
}

/** Looks now and every minute, and pauses for a while once there was something to do. */
function everyMinute(clock: Clock, pauseMs: number, look: () => boolean): Timer {
  let doneAtMs = -Infinity;
  const lookNow = () => {
    if (clock.now() - doneAtMs >= pauseMs && look()) doneAtMs = clock.now();
  };
  lookNow();
  return clock.every(datesLookMs, lookNow);
}
