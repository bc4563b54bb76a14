import { isObject } from "./members.ts";

/**
 * What a schema says of a value that came from outside; `undefined`: it is none that could fit. Zod
 * compares the length of whatever has one, and throws where that cannot be compared, as in
 * `{"length": {"toString": 1}}`.
 *
 * @throws whatever a check of the schema's own throws
 */
export function judged<Verdict>(
  schema: { safeParse(value: unknown): Verdict },
  value: unknown,
): Verdict | undefined {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (holdsIncomparable(value)) return undefined;
    throw error;
  }
}

/** Whether there is an object in a JSON value that JavaScript cannot make a text of. */
function holdsIncomparable(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsIncomparable);
  return isObject(value) &&
    (Object.hasOwn(value, "toString") || Object.values(value).some(holdsIncomparable));
}
