/**
 * What is not seen where a text is shown, but for tabs and line ends: control characters, marks
 * that turn the direction of text around, characters that take no room, and half a pair of
 * surrogates, for which many programs refuse all of a JSON document.
 */
const unseen =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb\p{Default_Ignorable_Code_Point}\p{Cs}]+/gu;

/**
 * Such characters that some languages and emoji need: joiners, and what chooses between a sign's
 * forms. Several in a row could hide a text, and in ASCII none is needed.
 */
const needed = /^(?:[\u200c\u200d\ufe0e\ufe0f]|\ufe0f\u200d)$/;

const escaped = (sign: string) => `\\u{${sign.codePointAt(0)?.toString(16)}}`;

/**
 * A text of a server's about its methods as all of it can be seen. An agent obeys what it reads,
 * and who looks its tools over is to read the same.
 */
export function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(
    unseen,
    (run, at, whole) =>
      needed.test(run) && whole.charCodeAt(at - 1) > 0x7f ? run : Array.from(run, escaped).join(""),
  );
}
