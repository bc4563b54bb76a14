import { nearest } from "../base/names/nearest.ts";
import {
  callersRule,
  flagRule,
  type OptionRule,
  textRule,
  textsRule,
} from "../base/values/option_rules.ts";

const kinds: readonly unknown[] = ["inline", "cpu", "io"];

const rules: Readonly<Record<string, OptionRule>> = {
  kind: { mustBe: 'must be "cpu", "io" or "inline"', isFit: (value) => kinds.includes(value) },
  idempotent: flagRule,
  stream: flagRule,
  description: textRule,
  names: textsRule('["width", "height"]'),
  callers: callersRule,
};

const known: readonly string[] = ["input", "output", ...Object.keys(rules)];

/**
 * Checks the options of a procedure, but for its schemas, since no compiler has checked a module in
 * JavaScript. Without this, `idempotent: "no"` would mean yes, and a misspelt option would be
 * ignored.
 *
 * @throws {TypeError} with what to write instead
 */
export function assertOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      "Cannot use these options of a procedure: they must be an object, the first argument, as " +
        "in defineProcedure({ input: z.string(), output: z.string() }, (text) => text)",
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule?.isFit(value) === false) {
      throw new TypeError(`Cannot use this ${name} of a procedure: it ${rule.mustBe}`);
    }
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    // Members that resemble no option of ours are allowed: they are the user's own.
    if (meant !== undefined) {
      throw new TypeError(`A procedure has no option ${name}: did you mean ${meant}?`);
    }
  }
}
