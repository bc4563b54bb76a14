/**
 * Numbers that JavaScript would change: `9007199254740993`, `1e999`, `1.0`. While a message only
 * passes through, they stay as they were written, as `JSON.rawJSON` objects. Before code computes
 * with them they become JavaScript's numbers, and those whose value would change are refused.
 */

interface RawNumber {
  readonly rawJSON: string;
}

// In the engine, and not yet in the compiler's library.
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
};

/** Whether this process ever made one. Most never do, and need not search values for them. */
let hasBeenMade = false;

/** A number that is written as this text. */
export function exactNumber(text: string): unknown {
  hasBeenMade = true;
  return rawJSON(text);
}

/** Whether a value was made by {@link exactNumber}. */
export function isExactNumber(value: unknown): boolean {
  return isRawJSON(value);
}

/** Whether JavaScript would write the number in the same way. */
export function isKept(text: string): boolean {
  return String(Number(text)) === text;
}

/** Whether an id would come back as another one: even a fraction of it must not be rounded. */
export function isChangedId(id: unknown): boolean {
  return isRawJSON(id) && !isSameNumber(id.rawJSON);
}

/** Whether JavaScript's number has another value than this text. Fractions may be rounded. */
function isChanged(text: string): boolean {
  const number = Number(text);
  if (!Number.isFinite(number)) return true;
  const { digits, exponent } = decimalOf(text);
  if (number === 0) return digits !== "";
  if (exponent < 0) return false;
  // What is written in digits alone is an integer for others, who must get the same one back.
  if (/^-?\d+$/.test(text)) return !isKept(text);
  return !hasDigits(number, digits, exponent);
}

/** Most digits that `toPrecision` writes. */
const precisionMax = 100;

/** Whether a number, rounded to so many digits, has these. C programs write 17 of any number. */
function hasDigits(number: number, digits: string, exponent: number): boolean {
  if (digits.length <= precisionMax) {
    return decimalOf(number.toPrecision(digits.length)).digits === digits;
  }
  return BigInt(digits) * 10n ** BigInt(exponent) === BigInt(Math.abs(number));
}

/** Whether JavaScript would write a number of the same value, if not in the same way. */
function isSameNumber(text: string): boolean {
  const number = Number(text);
  if (!Number.isFinite(number)) return false;
  const [written, own] = [decimalOf(text), decimalOf(String(number))];
  return written.digits === own.digits && written.exponent === own.exponent;
}

/** A number as its digits, without zeros around them, times a power of ten. Zero has no digits. */
function decimalOf(text: string): { readonly digits: string; readonly exponent: number } {
  const [decimal = "", power = "0"] = text.replace(/^-/, "").toLowerCase().split("e");
  const [whole = "", fraction = ""] = decimal.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  // By hand, since an expression would look at each zero inside again for those after it.
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  if (end === 0) return { digits: "", exponent: 0 };
  const exponent = Number(power) - fraction.length + digits.length - end;
  return { digits: digits.slice(0, end), exponent };
}

/** A number that JavaScript would change, and where it stands. */
interface ChangedNumber {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** A value in which all numbers are JavaScript's, and the first one whose value has changed. */
type Plain = { readonly value: unknown; readonly changed?: ChangedNumber };

/** Turns all numbers that were kept as written into JavaScript's, in place. */
export function withPlainNumbers(value: unknown): Plain {
  if (!hasBeenMade) return { value };
  const changes: ChangedNumber[] = [];
  const plain = settled(value, [], changes);
  const [changed] = changes;
  return changed === undefined ? { value: plain } : { value: plain, changed };
}

/** {@link withPlainNumbers} for what is only shown: rounded numbers are good enough. */
export function withRoundedNumbers(value: unknown): unknown {
  return withPlainNumbers(value).value;
}

function settled(
  value: unknown,
  path: (string | number)[],
  changes: ChangedNumber[],
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isRawJSON(value)) {
    const { rawJSON: text } = value;
    if (isChanged(text)) changes.push({ text, path: [...path] });
    return Number(text);
  }
  const members = value as Record<string | number, unknown>;
  const visit = (key: string | number) => {
    const member = members[key];
    if (typeof member !== "object" || member === null) return;
    path.push(key);
    const plain = settled(member, path, changes);
    path.pop();
    if (plain !== member) members[key] = plain;
  };
  if (Array.isArray(value)) { for (let i = 0; i < value.length; i++) visit(i); }
  else for (const key in value) visit(key);
  return value;
}
