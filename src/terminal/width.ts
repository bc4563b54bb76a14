/** How much room a text takes on a terminal, where some characters take two columns and some none. */

/** East Asian wide and fullwidth characters, and emoji. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

/** Characters that join the one before them. */
const joining = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** A sequence that sets colours, which is all that is let through to a terminal. */
// deno-lint-ignore no-control-regex
const colour = /\x1b\[[\d;]*m/g;

/** Whatever else could move the cursor or worse: a name from a registry may hold anything. */
// deno-lint-ignore no-control-regex
const control = /[\x00-\x1f\x7f-\x9f]/g;

function widthOfCharacter(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (joining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** The columns that a text takes; colours take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text.replaceAll(colour, "")) width += widthOfCharacter(character);
  return width;
}

/** The text, or as much of it as fits; control characters are left out, colours are kept and ended. */
export function fitted(text: string, columns: number): string {
  let line = "";
  let width = 0;
  let at = 0;
  let isColoured = false;
  const take = (plain: string): boolean => {
    for (const character of plain.replaceAll(control, "")) {
      width += widthOfCharacter(character);
      if (width > columns) return false;
      line += character;
    }
    return true;
  };
  for (const match of text.matchAll(colour)) {
    if (!take(text.slice(at, match.index))) return isColoured ? `${line}\x1b[0m` : line;
    line += match[0];
    isColoured = true;
    at = match.index + match[0].length;
  }
  return take(text.slice(at)) || !isColoured ? line : `${line}\x1b[0m`;
}

/** The text with spaces behind it, up to a width. */
export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

/** The text in lines that fit, broken at spaces; all but the first begin with `indent` spaces. */
export function wrapped(text: string, columns: number, indent: number): string {
  const [first = "", ...words] = text.split(" ");
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    if (displayWidth(line) + 1 + displayWidth(word) <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = " ".repeat(indent) + word;
    }
  }
  return [...lines, line].join("\n");
}
