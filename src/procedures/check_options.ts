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
 * Makes sure that the options of a procedure, but for its schemas, are what they should be, which
 * no compiler has done for a module in JavaScript. A wrong one would be taken for another, as
 * `idempotent: "no"` for yes, or count for nothing, as a name with a letter too few.
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
    // Whoever keeps things of their own beside ours may do so.
    if (meant !== undefined) {
      throw new TypeError(`A procedure has no option ${name}: did you mean ${meant}?`);
    }
  }
}
