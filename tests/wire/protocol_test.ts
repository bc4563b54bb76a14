import assert from "node:assert/strict";
import { type ErrorName, errorTable } from "../../src/base/errors.ts";
import { lineBytesPerMsLeast } from "../../src/server/bounds/session_limits.ts";
import * as limits from "../../src/base/limits.ts";
import * as serverLimits from "../../src/server/limits.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { decodeRequest } from "../support/decode_request.ts";
import { decodeReply, isResponse } from "../../src/wire/codec.ts";
import { reservedMethods } from "../../src/wire/reserved.ts";

/** Tests that hold docs/PROTOCOL.md to the code and to the other tests. */
const protocol = Deno.readTextFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url));

/** The numbered paragraphs, for example `P-1`, in order. */
const clauses = [...protocol.matchAll(/^\*\*(P-\d+)\*\*/gm)].map(([, clause]) => clause as string);

/** The clauses that a text cites. Both `P-7` and a list of them count. */
function citedIn(text: string): string[] {
  return text.match(/\bP-\d+\b/g) ?? [];
}

function* filesUnder(directory: URL): Iterable<URL> {
  for (const entry of Deno.readDirSync(directory)) {
    const url = new URL(`${entry.name}${entry.isDirectory ? "/" : ""}`, directory);
    if (entry.isDirectory) yield* filesUnder(url);
    else if (/\.(ts|json)$/.test(entry.name) && url.href !== import.meta.url) yield url;
  }
}

Deno.test("each numbered paragraph of the protocol is cited by a test", () => {
  const cited = new Set<string>();
  for (const url of filesUnder(new URL("../", import.meta.url))) {
    for (const clause of citedIn(Deno.readTextFileSync(url))) cited.add(clause);
  }
  assert.deepEqual(clauses.filter((clause) => !cited.has(clause)), [], "no test cites these");
  const known = new Set(clauses);
  assert.deepEqual([...cited].filter((clause) => !known.has(clause)), [], "these do not exist");
});

Deno.test("the paragraphs are numbered without gaps, and no MUST is outside of one", () => {
  assert.ok(clauses.length > 50);
  assert.deepEqual(clauses, clauses.map((_, index) => `P-${index + 1}`));
  const introduction = protocol.slice(0, protocol.indexOf("\n## "));
  const paragraphs = protocol.slice(introduction.length).split(/\n{2,}/);
  const loose = paragraphs.filter((text) => /\bMUST\b/.test(text) && !/^\*\*P-\d+\*\*/.test(text));
  assert.deepEqual(loose, []);
});

Deno.test("the table of errors is the one in the code", () => {
  const rows = [...protocol.matchAll(/^\| (-\d+) +\| (\w+) +\|[^|]*\| (no|maybe|yes)\b/gm)];
  const documented = rows.map(([, code, name, executed]) => [name, Number(code), executed]);
  const names = Object.keys(errorTable) as ErrorName[];
  const defined = names.map((name) => [name, errorTable[name].code, errorTable[name].executed]);
  assert.deepEqual(documented, defined);
});

Deno.test("the bounds that the protocol states are those in the code", () => {
  const stated: [clause: string, text: string, value: number][] = [
    ["P-5", "4,194,304", limits.messageMaxDefault],
    ["P-6", "64 levels", limits.nestingMax],
    ["P-7", "256 UTF-16", limits.methodLengthMax],
    ["P-8", "256 UTF-16", limits.idLengthMax],
    ["P-11", "86,400,000", limits.callTimeoutMsMax],
    ["P-26", "1,000 members", limits.batchMessagesMax],
    ["P-35", "10,000 ms", limits.callTimeoutMsDefault],
    ["P-41", "1,024 requests", limits.connectionInFlightMax],
    ["P-42", "4 MiB", limits.outboxBytesMax / 1024 / 1024],
    ["P-42", "256 KiB", serverLimits.crowdedOutboxBytesMax / 1024],
    ["P-42", "16 MiB", serverLimits.unreadBytesCrowded / 1024 / 1024],
    ["P-42", "30 s", limits.writeStallTimeoutMs / 1000],
    ["P-43", "30 s", serverLimits.partialLineTimeoutMs / 1000],
    ["P-43", "32,000 bytes", lineBytesPerMsLeast * 1000],
    ["P-44", "4,096 by default", limits.queueMaxDefault],
    ["P-45", "16,384 by default", limits.connectionsMaxDefault],
    ["P-54", "65,536", limits.streamCreditMax],
  ];
  for (const [clause, text, value] of stated) {
    const start = protocol.indexOf(`**${clause}**`);
    const paragraph = protocol.slice(start, protocol.indexOf("\n\n", start)).replaceAll("\n", " ");
    assert.ok(paragraph.includes(text), `${clause} does not say ${text}`);
    assert.equal(Number(text.replaceAll(",", "").match(/^\d+/)?.[0]), value, clause);
  }
});

Deno.test("every reserved method has a paragraph", () => {
  for (const method of Object.values(reservedMethods)) {
    assert.match(
      protocol,
      new RegExp(`^\\*\\*P-\\d+\\*\\* \`${method.replace(".", "\\.")}\``, "m"),
    );
  }
});

Deno.test("the messages that the protocol shows are messages of the protocol", () => {
  const lines = [...protocol.matchAll(/\{"jsonrpc":"2\.0".*\}(?=$|\\n')/gm)].map(([line]) => line);
  assert.ok(lines.length >= 4);
  for (const line of lines) {
    const isRequest = "method" in (JSON.parse(line) as object);
    if (isRequest) assert.ok(!(decodeRequest(line) instanceof BadMessage), line);
    else assert.ok(isResponse(decodeReply(line)), line);
  }
});
