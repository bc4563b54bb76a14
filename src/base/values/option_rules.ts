/** Checks of options that come from a program, whose types may be wrong. */

import { isCallerPattern } from "../names/patterns.ts";

/** What an option must be, where it is given. */
export interface OptionRule {
  /** The end of a sentence that begins with the option. */
  readonly mustBe: string;
  isFit(value: unknown): boolean;
}

/** A text. */
export const textRule: OptionRule = {
  mustBe: "must be a text",
  isFit: (value) => typeof value === "string",
};

/** A truth value. */
export const flagRule: OptionRule = {
  mustBe: "must be true or false",
  isFit: (value) => typeof value === "boolean",
};

/** An array of texts. @param example how one is written */
export function textsRule(example: string): OptionRule {
  return { mustBe: `must be an array of texts, such as ${example}`, isFit: areTexts };
}

/** Whether a value is an array of texts, maybe an empty one. */
export function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

/** Patterns of the names of those who may call. */
export const callersRule: OptionRule = {
  mustBe:
    'must be an array of texts, such as ["alice", "win-*"]: letters, digits, dots, dashes and ' +
    "underscores, and * for any text",
  isFit: (value) => areTexts(value) && value.every(isCallerPattern),
};
