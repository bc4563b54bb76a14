/**
 * Strangers' text on its way to a terminal or a log: a server's error, a registry's node, a
 * method's description. A terminal obeys what it is sent, so nothing of that goes out but what can
 * be seen. What cannot is written as JSON escapes it: visible, nothing lost, and what was JSON
 * still means the same.
 */

/**
 * What a terminal obeys or hides, but for tabs and line ends: control characters of both ranges,
 * marks that turn the direction of text around, and characters that take no room. The joiners of
 * U+200C and U+200D stay, without which some languages and emoji are not written.
 */
const unseen =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

/** Without `g`, with which `test` would go on from where it last was. */
const hasUnseen = new RegExp(unseen.source);

const hex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * A text that may have several lines, as it may be printed. For JSON too, which keeps its meaning.
 */
export function plainText(text: string): string {
  if (!hasUnseen.test(text)) return text;
  return text.replaceAll("\r\n", "\n").replaceAll(unseen, (found) => found.replaceAll(/[^]/g, hex));
}

/** A text as one line: also its tabs and line ends are written as escapes. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** A value as a line of JSON, as it may be printed. */
export function jsonLine(value: unknown): string {
  return plainText(JSON.stringify(value));
}

/** A text of several lines, each indented: it can pass for nothing that the program itself says. */
export function indentedText(text: string): string {
  return plainText(text).replaceAll(/^/gm, "  ");
}
