import assert from "node:assert/strict";
import {
  createToken,
  findToken,
  formatToken,
  isBeginningOfToken,
} from "../../../src/keys/join/token.ts";

Deno.test("a token is found as a mail, a chat or an editor hands it on", () => {
  for (let i = 0; i < 50; i++) {
    const token = createToken("0123456789abcdef0123");
    const text = formatToken(token);
    const forms = [
      `\n\n  ${text}  \r\n`,
      `\ufeff${text}\n`,
      `${text.slice(0, 30)}\n${text.slice(30)}\n`,
      `> ${text.slice(0, 20)}\r\n> ${text.slice(20)}\r\n`,
      `${text.slice(0, 41)}=\r\n${text.slice(41)}`,
      `"${text}"`,
      `<${text}>`,
      `\`${text}\`.`,
      `**${text}**`,
      `${text.slice(0, 9)}\u200b${text.slice(9)}\u00a0`,
      text.replace("rpc-join-", "rpc\u2011join\u2013"),
      `Hello,\n\nthe token is ${text}, good for fifteen minutes.\n\nBye\n`,
    ];
    for (const form of forms) assert.deepEqual(findToken(form), token, JSON.stringify(form));
  }
});

Deno.test("a token that was cut off is none, and is known for one that was cut off", () => {
  const text = formatToken(createToken("0123456789abcdef0123"));
  for (const length of [3, 9, 20, 26, 47]) {
    const cut = text.slice(0, length);
    assert.equal(findToken(cut), undefined);
    assert.ok(isBeginningOfToken(` ${cut}\n`), cut);
  }
  for (const other of ["", "secret", text, `${text}x`, "rpc-join-xyz", "rpc keys"]) {
    assert.ok(!isBeginningOfToken(other), other);
  }
});
