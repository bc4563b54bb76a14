import type { Clock } from "../base/clock.ts";
import { CommandError } from "../base/command_error.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { areLast, areSame, type Keys, otherAuthoritiesText, readKeys, stampOf } from "./keys.ts";

/** The least time between two looks at the files. */
const lookMs = 1_000;

/**
 * The current keys of a directory: when they are renewed, nothing has to be restarted.
 *
 * While a renewal is under way, or a file is damaged, the former keys stay in use until there are
 * complete new ones.
 */
export class KeyRing {
  readonly directory: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #keys: Keys;
  #stamp: string;
  #lookedAtMs: number;
  #isTroubled = false;

  private constructor(directory: string, keys: Keys, stamp: string, clock: Clock, log: Logger) {
    this.directory = directory;
    this.#keys = keys;
    this.#stamp = stamp;
    this.#clock = clock;
    this.#log = log;
    this.#lookedAtMs = clock.now();
  }

  /**
   * The keys in a directory; `undefined` if there are none.
   *
   * @throws {CommandError} there are some, and they cannot be used
   */
  static open(directory: string | undefined, clock: Clock, log: Logger): KeyRing | undefined {
    if (directory === undefined) return undefined;
    const stamp = stampOf(directory);
    const keys = readKeys(directory);
    return keys === undefined ? undefined : new KeyRing(directory, keys, stamp, clock, log);
  }

  /** Whether a renewal makes no keys that are good for longer. */
  get areLast(): boolean {
    return areLast(this.current());
  }

  /** What to say of authorities in the files that do not count; `undefined`: there are none. */
  get othersText(): string | undefined {
    return otherAuthoritiesText(this.current());
  }

  /** The keys that are in the files, or were a moment ago. */
  current(): Keys {
    const nowMs = this.#clock.now();
    if (nowMs - this.#lookedAtMs < lookMs) return this.#keys;
    this.#lookedAtMs = nowMs;
    const stamp = stampOf(this.directory);
    if (stamp === this.#stamp) return this.#keys;
    try {
      const keys = readKeys(this.directory);
      if (keys === undefined) throw new CommandError(`${this.directory} has no keys any more`);
      this.#stamp = stamp;
      this.#isTroubled = false;
      const others = otherAuthoritiesText(keys);
      if (others !== undefined) this.#log.warn(others);
      // Files that have changed need not hold new keys: they may have been copied or written again.
      if (areSame(keys, this.#keys)) return this.#keys;
      this.#keys = keys;
      this.#log.info("Loaded new keys", { name: keys.own.name, cluster: keys.cluster });
    } catch (error) {
      if (!this.#isTroubled) {
        this.#log.warn("Cannot load the new keys, keeping the old ones", {
          reason: messageOf(error),
        });
      }
      this.#isTroubled = true;
    }
    return this.#keys;
  }
}
