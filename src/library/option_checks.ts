/**
 * What a program has given to {@link connect} or {@link serve}, whose types may promise more than
 * they hold.
 */

import { RpcError } from "../base/errors.ts";

/** What an option may be. */
interface Kind {
  /** As the end of a sentence that begins with the option. */
  readonly mustBe: string;
  isFit(value: unknown): boolean;
}

const isText = (value: unknown) => typeof value === "string";

const areTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(isText);

const hasMethods = (...names: readonly string[]) => (value: unknown) =>
  typeof value === "object" && value !== null &&
  names.every((name) => typeof Reflect.get(value, name) === "function");

const text: Kind = { mustBe: "must be a text", isFit: isText };

const flag: Kind = {
  mustBe: "must be true or false",
  isFit: (value) => typeof value === "boolean",
};

const words: Kind = {
  mustBe: 'must be an array of a program and its arguments, such as ["python3", "tasks.py"]',
  isFit: (value) => areTexts(value) && Boolean(value[0]?.trim()),
};

/** All options that are no numbers and that nothing else looks at. */
const kinds: Readonly<Record<string, Kind>> = {
  registry: text,
  service: text,
  lastKnownDir: text,
  zone: text,
  module: {
    mustBe: "must be a text or a URL",
    isFit: (value) => isText(value) || value instanceof URL,
  },
  host: text,
  advertise: text,
  insecure: flag,
  builtin: flag,
  tap: flag,
  exec: words,
  python: words,
  callers: {
    mustBe: 'must be an array of texts, such as ["alice", "win-*"]',
    isFit: (value) => areTexts(value) && value.length > 0,
  },
  log: {
    mustBe: "must have the functions debug, info, warn and error",
    isFit: hasMethods("debug", "info", "warn", "error"),
  },
  tracer: { mustBe: "must have the function start", isFit: hasMethods("start") },
};

/**
 * Refuses what is no object of options, and options of another kind than they must be.
 *
 * @throws {RpcError} InvalidParams
 */
export function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw new RpcError("InvalidParams", "Cannot use the options: they must be an object");
  }
  for (const [name, { mustBe, isFit }] of Object.entries(kinds)) {
    const value: unknown = Reflect.get(options, name);
    if (value === undefined || isFit(value)) continue;
    throw new RpcError("InvalidParams", `Cannot use ${name}: it ${mustBe}`);
  }
}
