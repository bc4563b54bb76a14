import { RpcError } from "./errors.ts";
import { messageMaxLeast, messageMaxMost } from "./limits.ts";
import type { Bounds } from "./values/members.ts";

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
 * What is wrong with a number that came from a caller's program, whose types may promise more than
 * they hold; `undefined`: nothing, as where none was given.
 */
export function numberFault(value: unknown, rule: NumberRule): RpcError | undefined {
  const { name, bounds: [min, max], whole = false } = rule;
  if (value === undefined) return undefined;
  const isFit = typeof value === "number" && value >= min && value <= max &&
    (!whole || Number.isInteger(value));
  if (isFit) return undefined;
  const kind = whole ? "a whole number" : "a number";
  const got = typeof value === "string" ? JSON.stringify(value) : typeName(value);
  return new RpcError(
    "InvalidParams",
    `Cannot use ${name}: it must be ${kind} from ${min} to ${max} (got ${got})`,
  );
}

/**
 * Refuses what {@link numberFault} finds fault with.
 *
 * @throws {RpcError} InvalidParams
 */
export function checkNumber(value: unknown, rule: NumberRule): void {
  const fault = numberFault(value, rule);
  if (fault !== undefined) throw fault;
}

function typeName(value: unknown): string {
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}
