/** The kinds of flags, and the flags that several subcommands share. */

import {
  callTimeoutMsDefault,
  callTimeoutMsMax,
  messageMaxDefault,
  messageMaxLeast,
  messageMaxMost,
  oneStringBytesMax,
  subsetDefault,
  subsetMax,
  zoneLengthMax,
} from "../../base/limits.ts";
import { booleanOf, environmentVariable } from "../../library/settings.ts";

/**
 * One flag: `--name value`, or `--name` alone for a boolean. Its name is its key, in kebab case.
 */
export interface Flag<Value = unknown> {
  /** One line for the help. */
  readonly description: string;
  /** The placeholder of its value in the help, such as `<url>`; `undefined` for a boolean. */
  readonly placeholder: string | undefined;
  /** One letter: `r` for `-r`. */
  readonly short: string | undefined;
  /** Reads the text of a value. Throws an `Error` whose message completes "Cannot use ...:". */
  readonly parse: (text: string) => Value;
  /** The default value. */
  readonly fallback: Value;
  /** The default value as it would be typed. */
  readonly fallbackText: string;
  /** Whether it can also be set by `RPC_<NAME>` and by `rpc.toml`. */
  readonly setting: boolean;
  /** The key of that setting, where it is not the flag's own: {@link settingKeyOf}. */
  readonly settingKey: string | undefined;
  /** Values that it can take, for completions. */
  readonly choices: readonly string[] | undefined;
  /** Whether its value is a list with commas: given twice, both count, not the last one alone. */
  readonly isList: boolean;
}

/** Flags by key. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values of flags. */
export type FlagValues<Specs extends Flags> = {
  readonly [Key in keyof Specs]: Specs[Key] extends Flag<infer Value> ? Value : never;
};

interface FlagOptions<Fallback> {
  readonly description: string;
  readonly fallback: Fallback;
  readonly short?: string;
  readonly setting?: boolean;
  readonly settingKey?: string;
}

function build<Value>(
  options: FlagOptions<Value>,
  kind: Pick<Flag<Value>, "placeholder" | "parse"> & {
    readonly choices?: readonly string[];
    readonly fallbackText?: string;
    readonly isList?: boolean;
  },
): Flag<Value> {
  return {
    description: options.description,
    fallback: options.fallback,
    fallbackText: kind.fallbackText ?? String(options.fallback ?? ""),
    short: options.short,
    setting: options.setting ?? false,
    settingKey: options.settingKey,
    placeholder: kind.placeholder,
    parse: kind.parse,
    choices: kind.choices,
    isList: kind.isList ?? false,
  };
}

/** A flag without a value. `--no-name` means `false`. */
export function boolean(options: Omit<FlagOptions<boolean>, "fallback">): Flag<boolean> {
  return build({ ...options, fallback: false }, {
    placeholder: undefined,
    parse(text) {
      const value = booleanOf(text);
      if (value === undefined) throw new Error("it must be true or false");
      return value;
    },
  });
}

/** A flag with any text. */
export function text<Fallback extends string | undefined>(
  placeholder: string,
  options: FlagOptions<Fallback>,
): Flag<string | Fallback> {
  return build<string | Fallback>(options, { placeholder, parse: (value) => value });
}

/** A flag with a list of texts, separated by commas, as one text; it may be given several times. */
export function list<Fallback extends string | undefined>(
  placeholder: string,
  options: FlagOptions<Fallback>,
): Flag<string | Fallback> {
  const parse = (value: string) => value;
  return build<string | Fallback>(options, { placeholder, parse, isList: true });
}

/** A flag with a whole number within bounds. */
export function integer<Fallback extends number | undefined>(
  placeholder: string,
  bounds: readonly [min: number, max: number],
  options: FlagOptions<Fallback>,
): Flag<number | Fallback> {
  return build<number | Fallback>(options, {
    placeholder,
    parse(value) {
      return wholeNumber(value, bounds);
    },
  });
}

function wholeNumber(
  value: string,
  [min, max]: readonly [min: number, max: number],
  otherwise = "",
): number {
  const number = /^-?\d+$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw new Error(`it must be a whole number from ${min} to ${max}${otherwise}`);
}

const millisecondsPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A flag with a number within bounds. */
export function number<Fallback extends number | undefined>(
  placeholder: string,
  bounds: readonly [min: number, max: number],
  options: FlagOptions<Fallback>,
): Flag<number | Fallback> {
  const [min, max] = bounds;
  return build<number | Fallback>(options, {
    placeholder,
    parse(value) {
      const number = /^(\d+\.?\d*|\.\d+)$/.test(value) ? Number(value) : NaN;
      if (number >= min && number <= max) return number;
      throw new Error(`it must be a number from ${min} to ${max}`);
    },
  });
}

/**
 * A flag with a length of time, such as `500ms`, `30s`, `1.5m` or `1h`; its value is in
 * milliseconds.
 *
 * @param bare the unit of a number that has none
 */
export function duration<Fallback extends number | undefined>(
  placeholder: string,
  options: FlagOptions<Fallback>,
  bare: keyof typeof millisecondsPerUnit = "s",
  [least, most]: readonly [min: number, max: number] = [1, callTimeoutMsMax],
): Flag<number | Fallback> {
  const { fallback } = options;
  return build<number | Fallback>(options, {
    placeholder,
    fallbackText: fallback === undefined ? "" : timeText(fallback),
    parse(value) {
      const [, number, unit = bare] = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h)?$/.exec(value) ?? [];
      const ms = Number(number) * millisecondsPerUnit[unit as keyof typeof millisecondsPerUnit];
      if (ms >= least && ms <= most) return ms;
      const longest = most === callTimeoutMsMax ? "one day" : timeText(most);
      const bounds = `from ${timeText(least)} to ${longest}`;
      throw new Error(`it must be a time ${bounds}, such as 500ms, 30s, 5m or 1h`);
    },
  });
}

/** A time as a flag takes it. */
function timeText(ms: number): string {
  if (ms > 0 && ms % millisecondsPerUnit.h === 0) return `${ms / millisecondsPerUnit.h}h`;
  return ms < 100 ? `${ms}ms` : `${ms / millisecondsPerUnit.s}s`;
}

const bytesPerUnit = { B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

/** A flag with an amount of bytes, such as `500K`, `16M` or `16MiB`; its value is in bytes. */
function bytes(
  bounds: readonly [min: number, max: number],
  options: FlagOptions<number>,
): Flag<number> {
  const [min, max] = bounds;
  return build(options, {
    placeholder: "<size>",
    fallbackText: `${options.fallback / bytesPerUnit.M}M`,
    parse(value) {
      const [, number, unit = "B"] = /^(\d+(?:\.\d+)?)(?:([KMG])(?:i?B)?|B)?$/i.exec(value) ?? [];
      const size = Math.round(
        Number(number) * bytesPerUnit[unit.toUpperCase() as keyof typeof bytesPerUnit],
      );
      if (size >= min && size <= max) return size;
      const [least, most] = bounds.map(sizeText);
      throw new Error(`it must be a size such as 16M or 16777216, from ${least} to ${most}`);
    },
  });
}

function sizeText(bytes: number): string {
  return bytes < bytesPerUnit.G ? `${bytes / bytesPerUnit.M} MiB` : `${bytes / bytesPerUnit.G} GiB`;
}

/** A flag with one of a few words. */
export function choice<const Choice extends string>(
  choices: readonly Choice[],
  options: FlagOptions<Choice>,
): Flag<Choice> {
  return build<Choice>(options, {
    placeholder: `<${choices.join("|")}>`,
    choices,
    parse(value) {
      const found = choices.find((one) => one === value);
      if (found !== undefined) return found;
      throw new Error(`it must be one of ${choices.join(", ")}`);
    },
  });
}

/** The flags of every subcommand that uses a registry. */
export const registryFlags = {
  registry: text("<url>", {
    description:
      "Where to find servers: local:, zookeeper[s]://host:2181[,...][/chroot], static:host:port[,...]",
    fallback: "local:",
    short: "r",
    setting: true,
  }),
  service: text("<name>", {
    description: "Name of the service",
    fallback: "rpc",
    short: "s",
    setting: true,
  }),
  insecure: boolean({
    description: "Ignore this machine's keys: no encryption, and no check of who calls",
    setting: true,
  }),
};

/** The placeholder of flags whose value is a server. */
export const serverPlaceholder = "<server>";

/** The placeholder of flags whose value is a zone. */
export const zonePlaceholder = "<zone>";

/** The flag of every subcommand that can be restricted to one server. */
export const serverFlag = text(serverPlaceholder, {
  description: "Use only this server: its address, or the first characters of its id",
  fallback: undefined,
});

/** The flag of every subcommand that waits for answers. */
export const timeoutFlag = duration("<time>", {
  description: "How long a call may take: 5s, 500ms, or a number of milliseconds",
  fallback: callTimeoutMsDefault,
  short: "t",
  setting: true,
}, "ms");

/** The flag of every subcommand that sends or takes users' messages. */
export const messageMaxFlag = bytes([messageMaxLeast, messageMaxMost], {
  description: "Longest message to accept, such as 16M, up to 1G; the other side has its own limit",
  fallback: messageMaxDefault,
  setting: true,
});

/** The same where each message is one string on its way. */
export const stringMaxFlag = bytes([messageMaxLeast, oneStringBytesMax], {
  description: "Longest message to accept, such as 16M, up to 128M; servers have their own limit",
  fallback: messageMaxDefault,
  setting: true,
});

/** The flags of every subcommand that makes many calls: which servers it calls. */
export const nearnessFlags = {
  subset: build<number | "all">({
    description: "Connect to at most this many servers, each client to different ones; or all",
    fallback: subsetDefault,
    setting: true,
  }, {
    placeholder: "<n>",
    choices: ["all"],
    parse: (text) => text === "all" ? text : wholeNumber(text, [1, subsetMax], ", or all"),
  }),
  zone: zone("Prefer servers in this zone; use others when these are down or overloaded"),
};

/** A flag whose value is a zone. */
export function zone(description: string): Flag<string> {
  return build({ description, fallback: "", setting: true }, {
    placeholder: zonePlaceholder,
    parse(text) {
      if (text.length <= zoneLengthMax) return text;
      throw new Error(`it must be a text of at most ${zoneLengthMax} letters`);
    },
  });
}

/** The flag of every subcommand with more output on request. */
export const verboseFlag = boolean({
  description: "Print more details on stderr, and stack traces",
  short: "v",
});

/** The flag of every subcommand whose output may be for programs. */
export const jsonFlag = boolean({ description: "Print one JSON object per line" });

/**
 * `drainTimeout` as it is written on the command line and in `rpc.toml`: `drain-timeout`. Each
 * start asks for it dozens of times, so no pattern is made for it.
 */
export function kebabCase(key: string): string {
  let name = "";
  for (const letter of key) {
    name += letter >= "A" && letter <= "Z" ? `-${letter.toLowerCase()}` : letter;
  }
  return name;
}

/** The key by which the environment and settings files know a flag. */
export function settingKeyOf(key: string, flag: Flag): string {
  return flag.settingKey ?? key;
}

/** `drainTimeout` as it is written in the environment: `RPC_DRAIN_TIMEOUT`. */
export function environmentName(key: string): string {
  return environmentVariable(kebabCase(key));
}
