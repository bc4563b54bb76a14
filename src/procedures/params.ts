/** Turns a call's parameters, by position or by name, into a procedure's input. */

import * as z from "zod";
import type { ParamsIssue } from "../base/errors.ts";
import { judged } from "../base/values/judged.ts";
import { isObject } from "../base/values/members.ts";
import type { InputSchema } from "./input_schema.ts";
import { invalidParams, usePlainNumbers } from "./plain/invalid_params.ts";
import type { Procedure } from "./types.ts";

/** Parameters as a caller gives them: by position, by name, or none. */
export type CallParams = readonly unknown[] | Readonly<Record<string, unknown>> | undefined;

/** Most issues that one error reports: a long array of wrong items needs no line each. */
export const issuesMax = 16;

const quotedLengthMax = 60;

/** Turns parameters into the input of one procedure, whose schema it has compiled. */
export class InputReader {
  readonly #schema: z.ZodType;
  readonly #isTuple: boolean;
  readonly #first: z.core.$ZodType | undefined;
  readonly #names: readonly string[];
  readonly #required: readonly boolean[];
  readonly #requiredCount: number;
  readonly #isOpen: boolean;
  /** Whether zod would take what all objects inherit for a parameter: `constructor`. */
  readonly #hasInheritedName: boolean;

  constructor(procedure: Procedure) {
    const { input, names } = procedure;
    const items = itemsOf(input);
    this.#schema = z.compile<z.ZodType>(input);
    this.#isTuple = input.def.type === "tuple";
    this.#first = items[0];
    this.#names = names;
    this.#required = items.map((item) => item._zod.optin === undefined);
    this.#requiredCount = this.#required.lastIndexOf(true) + 1;
    this.#isOpen = isOpen(input);
    this.#hasInheritedName = names.some((name) => name in Object.prototype);
  }

  /** @throws {RpcError} InvalidParams, with an issue for each fault */
  read(method: string, params: CallParams): unknown {
    usePlainNumbers(method, this.#names, params);
    const given = this.#namedInOne(params) ?? params ?? [];
    const fits = this.#isTuple && Array.isArray(given) && given.length >= this.#requiredCount &&
      (given.length <= this.#names.length || this.#isOpen);
    const input = fits ? given : this.#arrange(method, given);
    const parsed = judged(this.#schema, input);
    if (parsed === undefined) {
      const message = "holds an object with a member toString, in the place of something else";
      throw invalidParams(method, this.#names, [{ path: [], message }]);
    }
    if (parsed.success) return parsed.data;
    const issues = parsed.error.issues.slice(0, issuesMax).map((issue) => ({
      path: this.#callersPath(issue.path, given),
      message: describe(issue, input),
    }));
    throw invalidParams(method, this.#names, issues);
  }

  /**
   * The named parameters, if they come as a single object by position and the procedure takes an
   * object. Nearly always that is meant, and a client's typed methods cannot say it otherwise. It
   * remains the first parameter's value if it fits that parameter and not the whole input.
   */
  #namedInOne(params: CallParams): Readonly<Record<string, unknown>> | undefined {
    if (this.#isTuple || params === undefined || !isPositional(params)) return undefined;
    const [only] = params;
    if (params.length !== 1 || !isObject(only)) return undefined;
    const isWhole = (this.#isOpen || Object.keys(only).every((key) => this.#names.includes(key))) &&
      judged(this.#schema, only)?.success === true;
    const first = this.#first;
    const isFirst = first !== undefined &&
      judged({ safeParse: (value) => z.safeParse(first, value) }, only)?.success === true;
    return isWhole || !isFirst ? only : undefined;
  }

  /** Brings the parameters into the schema's own form. */
  #arrange(method: string, given: NonNullable<CallParams>): unknown {
    const issues: ParamsIssue[] = [];
    const byPosition = isPositional(given);
    const extra = byPosition
      ? given.slice(this.#names.length).map((_, index) => this.#names.length + index)
      : Object.keys(given).filter((name) => !this.#names.includes(name));
    if (extra.length > 0 && !(this.#isOpen && this.#isTuple === byPosition)) {
      const message = byPosition
        ? `is one too many: ${method} takes at most ${this.#names.length}`
        : `is not a parameter: ${method} takes ${this.#names.join(", ") || "none"}`;
      issues.push(...extra.slice(0, issuesMax).map((key) => ({ path: [key], message })));
    }
    const values = this.#names.map((name, index) => {
      const key = byPosition ? index : name;
      if (Object.hasOwn(given, key)) return Reflect.get(given, key);
      if (this.#required[index]) issues.push({ path: [key], message: "is missing" });
      return undefined;
    });
    if (issues.length > 0) throw invalidParams(method, this.#names, issues);
    if (!this.#isTuple && !byPosition) return this.#hasInheritedName ? bare(given) : given;
    if (this.#isTuple) {
      // Cut, because a tuple may lack values at its end but not in its middle.
      return values.slice(0, values.findLastIndex((value) => value !== undefined) + 1);
    }
    const named = Object.fromEntries(
      this.#names.map((name, index) => [name, values[index]] as const)
        .filter(([, value]) => value !== undefined),
    );
    return this.#hasInheritedName ? bare(named) : named;
  }

  /** The path as the caller wrote the parameter: a position, or a name. */
  #callersPath(path: readonly PropertyKey[], given: NonNullable<CallParams>): (string | number)[] {
    return path.map((key, depth) => {
      const plain = typeof key === "symbol" ? String(key) : key;
      if (depth > 0) return plain;
      const index = typeof plain === "number" ? plain : this.#names.indexOf(plain);
      return isPositional(given) ? index : this.#names[index] ?? plain;
    });
  }
}

/** The same members, and none that are inherited. */
function bare(named: object): object {
  return Object.assign(Object.create(null), named);
}

/** The schemas of a procedure's parameters, in the order of its names. */
export function itemsOf(input: InputSchema): readonly z.core.$ZodType[] {
  return input.def.type === "tuple" ? input.def.items : Object.values(input.def.shape);
}

/** Whether it takes more than it names: a tuple with a rest, an object with a catchall. */
function isOpen(input: InputSchema): boolean {
  const rest = input.def.type === "tuple" ? input.def.rest : input.def.catchall;
  return rest !== undefined && rest !== null && rest._zod.def.type !== "never";
}

function isPositional(params: NonNullable<CallParams>): params is readonly unknown[] {
  return Array.isArray(params);
}

/** What is wrong, as the end of a sentence that begins with the parameter's name. */
function describe(issue: z.core.$ZodIssue, input: unknown): string {
  const got = ` (got ${quote(valueAt(input, issue.path))})`;
  switch (issue.code) {
    case "invalid_type":
      return `must be ${withArticle(issue.expected)}${got}`;
    case "too_big":
      if (!isNumeric(issue.origin)) break;
      return `must be ${issue.inclusive === false ? "<" : "<="} ${issue.maximum}${got}`;
    case "too_small":
      if (!isNumeric(issue.origin)) break;
      return `must be ${issue.inclusive === false ? ">" : ">="} ${issue.minimum}${got}`;
  }
  return `is not valid: ${issue.message}${got}`;
}

function isNumeric(origin: string): boolean {
  return origin === "number" || origin === "int" || origin === "bigint";
}

function withArticle(type: string): string {
  const noun = type === "int" ? "integer" : type;
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  return value.length > quotedLengthMax
    ? `${JSON.stringify(value.slice(0, quotedLengthMax))}...`
    : JSON.stringify(value);
}
