/** Checks the options of {@link connect} and {@link serve}, whose types may be wrong. */

import { RpcError } from "../base/errors.ts";
import {
  areTexts,
  callersRule,
  flagRule,
  type OptionRule,
  textRule,
} from "../base/values/option_rules.ts";

const hasMethods = (...names: readonly string[]) => (value: unknown) =>
  typeof value === "object" && value !== null &&
  names.every((name) => typeof Reflect.get(value, name) === "function");

const words: OptionRule = {
  mustBe: 'must be an array of a program and its arguments, such as ["python3", "tasks.py"]',
  isFit: (value) => areTexts(value) && Boolean(value[0]?.trim()),
};

/** All options that are not numbers and that nothing else checks. */
const kinds: Readonly<Record<string, OptionRule>> = {
  registry: textRule,
  service: textRule,
  lastKnownDir: textRule,
  zone: textRule,
  module: {
    mustBe: "must be a text or a URL",
    isFit: (value) => textRule.isFit(value) || value instanceof URL,
  },
  host: textRule,
  advertise: textRule,
  insecure: flagRule,
  builtin: flagRule,
  tap: flagRule,
  exec: words,
  python: words,
  callers: {
    mustBe: callersRule.mustBe,
    isFit: (value) => areTexts(value) && value.length > 0 && callersRule.isFit(value),
  },
  log: {
    mustBe: "must have the functions debug, info, warn and error",
    isFit: hasMethods("debug", "info", "warn", "error"),
  },
  tracer: { mustBe: "must have the function start", isFit: hasMethods("start") },
};

/**
 * Refuses a value that is no object, and options of a wrong type.
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
