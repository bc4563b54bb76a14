/**
 * Makes text from other programs safe for a terminal or a log: a server's error, a registry's node,
 * a method's description. A terminal obeys control characters, so everything invisible is escaped
 * as in JSON: nothing is lost, and JSON keeps its meaning.
 */

/**
 * What a terminal obeys or hides, but for tabs and line ends: control characters of both ranges,
 * marks that change the direction of text, and all that Unicode calls ignorable. Its name for these
 * would take time at each start.
 */
const units = String.raw`\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5` +
  String.raw`\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff` +
  String.raw`\uffa0\ufff0-\ufffb`;
const pairs = String
  .raw`\ud82f[\udca0-\udca3]|\ud834[\udd73-\udd7a]|[\udb40-\udb43][\udc00-\udfff]`;
const unseen = new RegExp(`(?:[${units}]|${pairs})+`, "g");

/** Fits each of them, and little else: one class is looked for in half of the time. */
const mayBeUnseen = new RegExp(String.raw`[${units}\ud82f\ud834\udb40-\udb43]`);

/**
 * Characters of no width that some languages and emoji need behind others: joiners, and what
 * chooses between a sign's forms. In ASCII none is needed, so no name can look like another there.
 */
const needed =
  /^(?:[\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f]|\udb40[\udd00-\uddef]|\ufe0f\u200d)$/;

const hex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A text of one or more lines, safe to print. JSON keeps its meaning. */
export function plainText(text: string): string {
  if (!mayBeUnseen.test(text)) return text;
  return text.replaceAll("\r\n", "\n").replaceAll(unseen, (run, at, whole) => {
    const isNeeded = needed.test(run) && whole.charCodeAt(at - 1) > 0x7f;
    return isNeeded ? run : run.replaceAll(/[^]/g, hex);
  });
}

/** A text as one line, safe to print: tabs and line ends are escaped too. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** A value as a line of JSON, safe to print. */
export function jsonLine(value: unknown): string {
  return plainText(JSON.stringify(value));
}

/**
 * What others did or said, as a line of JSON, safe to print, that every program takes: many refuse
 * half a pair of surrogates, and jq then reads no further line. It becomes U+FFFD.
 */
export function recordLine(value: unknown): string {
  return plainText(wholeCharacters(JSON.stringify(value)));
}

/** What `JSON.stringify` has written, with U+FFFD for each half of a pair of surrogates. */
export function wholeCharacters(json: string): string {
  // It escapes no others, and a backslash before `ud` may also be one of the text itself.
  if (!json.includes("\\ud")) return json;
  return json.replaceAll(
    /\\(?:(ud[89a-f]..)|.)/g,
    (all, half) => half === undefined ? all : "\ufffd",
  );
}

/** A text safe to print, each line indented so that none looks like the program's own output. */
export function indentedText(text: string): string {
  return plainText(text).replaceAll(/^/gm, "  ");
}

/**
 * What is said may quote what was typed, set or thrown, in all places that one does not think of:
 * so whatever looks like a secret goes out of every error and every line of a log.
 */
const secrets: readonly (readonly [pattern: RegExp, shown: string])[] = [
  // A registry's password may hold what else would end it, up to the last @. All has a bound, so
  // that no text takes long.
  [/\b(zoo\w{0,16}:\/{0,3}[^\s:@/]{0,256}):\S{0,1024}@/gi, "$1:***@"],
  [/\b([a-z][a-z\d+.-]{0,31}:\/\/[^\s:@/]{0,256}):[^\s@/?#]{0,1024}@/gi, "$1:***@"],
  [/\brpc-join-[0-9a-f]{16}-[\w-]+/g, "rpc-join-***"],
  [/-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[^]*?(?:-----END \1-----|$)/g, "***"],
];

/** Without one of these none of the patterns fits. */
const mark = /@|rpc-join-|PRIVATE KEY/;

/** Most characters of one text from another program that people are shown: nobody reads more. */
const toldMax = 6_000;

/** What is left of a longer text, which is then told by its length; programs get all of it. */
export function abridged(text: string): string {
  if (text.length <= toldMax) return text;
  const kept = text.slice(0, toldMax).replace(/[\ud800-\udbff]$/, "");
  return `${kept}... (and ${text.length - kept.length} more characters)`;
}

/**
 * What another program says, as people are told it: without secrets, and only the beginning of what
 * is too long. Not yet safe to print: see {@link plainText}.
 */
export function toldText(text: string): string {
  // In this order, since half of a secret would not look like one.
  return abridged(withoutSecrets(text));
}

/** A text with passwords in URLs, tokens of invitations and private keys replaced by `***`. */
export function withoutSecrets(text: string): string {
  if (!mark.test(text)) return text;
  return secrets.reduce((left, [pattern, shown]) => left.replaceAll(pattern, shown), text);
}
