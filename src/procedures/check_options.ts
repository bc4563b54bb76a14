import { nearest } from "../base/names/nearest.ts";

/** What an option must be, where it is given. */
interface OptionRule {
  /** As the end of a sentence that begins with the option. */
  readonly mustBe: string;
  isFit(value: unknown): boolean;
}

const kinds: readonly unknown[] = ["inline", "cpu", "io"];

const isFlag = (value: unknown) => typeof value === "boolean";

const areTexts = (value: unknown) =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

const rules: Readonly<Record<string, OptionRule>> = {
  kind: { mustBe: 'must be "cpu", "io" or "inline"', isFit: (value) => kinds.includes(value) },
  idempotent: { mustBe: "must be true or false", isFit: isFlag },
  stream: { mustBe: "must be true or false", isFit: isFlag },
  description: { mustBe: "must be a text", isFit: (value) => typeof value === "string" },
  names: { mustBe: 'must be an array of texts, such as ["width", "height"]', isFit: areTexts },
  callers: { mustBe: 'must be an array of texts, such as ["alice", "win-*"]', isFit: areTexts },
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
