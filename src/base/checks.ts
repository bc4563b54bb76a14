import { RpcError } from "./errors.ts";
import { messageMaxLeast, messageMaxMost } from "./limits.ts";
import { type Bounds, rangeText } from "./values/members.ts";

/** What a number that a caller gives must be. */
interface NumberRule {
  /** Its name, as the caller knows it. */
  readonly name: string;
  readonly bounds: Bounds;
  /** Whether it must be whole. @default false */
  readonly whole?: boolean;
}

/** What a bound on messages must be. */
export const messageMaxRule: NumberRule = {
  name: "messageMax",
  bounds: [messageMaxLeast, messageMaxMost],
  whole: true,
};

/**
 * What is wrong with a number that a program passed to the library, whose types may be wrong;
 * `undefined` if it is right, or absent.
 */
export function numberFault(value: unknown, rule: NumberRule): RpcError | undefined {
  const { name, bounds, whole = false } = rule;
  const [min, max] = bounds;
  if (value === undefined) return undefined;
  const isFit = typeof value === "number" && value >= min && value <= max &&
    (!whole || Number.isInteger(value));
  if (isFit) return undefined;
  const kind = whole ? "a whole number" : "a number";
  return new RpcError(
    "InvalidParams",
    `Cannot use ${name}: it must be ${kind}${rangeText(bounds)} (got ${shown(value)})`,
  );
}

/**
 * Throws what {@link numberFault} finds.
 *
 * @throws {RpcError} InvalidParams
 */
export function checkNumber(value: unknown, rule: NumberRule): void {
  const fault = numberFault(value, rule);
  if (fault !== undefined) throw fault;
}

function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : "an object";
    default:
      return String(value);
  }
}
