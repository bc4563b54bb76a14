/**
 * What is not seen where a text is shown, but for tabs and line ends: control characters, marks
 * that turn the direction of text around, and characters that take no room. The joiners stay,
 * because some languages and emoji need them.
 */
const unseen = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{e0100}-\u{e01ef}]/gu;

const escaped = (sign: string) => `\\u{${sign.codePointAt(0)?.toString(16)}}`;

/**
 * A text of a server's about its methods as all of it can be seen. An agent obeys what it reads,
 * and who looks its tools over is to read the same.
 */
export function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(unseen, escaped);
}
