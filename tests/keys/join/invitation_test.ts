import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { CommandError } from "../../../src/base/command_error.ts";
import {
  createAuthority,
  createRequest,
  openAuthority,
  signRequest,
} from "../../../src/keys/authority.ts";
import { Invitation, type Joined } from "../../../src/keys/join/invitation.ts";
import { join } from "../../../src/keys/join/joining.ts";
import { joinLabels, readJsonLine, writeJsonLine } from "../../../src/keys/join/lines.ts";
import {
  createToken,
  findToken,
  formatToken,
  proofOf,
  type Token,
} from "../../../src/keys/join/token.ts";
import { parseRights } from "../../../src/keys/rights.ts";
import { RecordingLogger } from "../../discovery/recorder.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { within } from "../../support/wait_for.ts";

const rights = parseRights("read,call:fib*");

/**
 * An invitation under way.
 *
 * @param accepting is called ahead of each accept, and may give another peer in its place
 */
async function invite(
  clock: Clock = systemClock,
  accepting?: () => Promise<Deno.TcpConn> | undefined,
) {
  const ca = await createAuthority(Date.now());
  const authority = await openAuthority(ca);
  const token = createToken(authority.cluster);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accept = listener.accept.bind(listener);
  listener.accept = async () => await (accepting?.() ?? accept());
  const { port } = listener.addr;
  const log = new RecordingLogger();
  const joined = Invitation.wait({
    listener,
    token,
    authority: ca.certificate,
    sign: async ({ name }, request) => {
      if (name === "taken") throw new Error("there is a member called taken already");
      return await signRequest(authority, request, { name, rights }, Date.now());
    },
    clock,
    log,
  });
  // It may end before a test looks.
  joined.catch(() => {});
  const place = { host: "127.0.0.1", port, text: `127.0.0.1:${port}` };
  return { authority, token, joined, place, log };
}

const ended = (joined: Promise<Joined>) =>
  within("the end of the invitation", joined.then(({ name }) => name, (error) => error));

Deno.test("who has the token joins, with the inviter's rights and a key that never travelled", async () => {
  const { authority, token, joined, place } = await invite();
  const keys = await join(place, token, "bob", systemClock);
  assert.equal(keys.cluster, authority.cluster);
  assert.deepEqual([keys.own.name, keys.own.rights], ["bob", rights]);
  assert.equal(await ended(joined), "bob");
  await assert.rejects(join(place, token, "carol", systemClock), /is rpc keys invite .* running/);
});

Deno.test("who joins and gets no answer is told what to do next", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const place = { host: "127.0.0.1", port, text: `127.0.0.1:${port}` };
  const joining = join(place, createToken("0".repeat(20)), "bob", systemClock);
  const refused = assert.rejects(
    joining,
    /: it hung up; is rpc keys invite \S+ running there\? If it has ended, its token is void: run/,
  );
  using peer = await listener.accept();
  await readJsonLine(peer);
  await peer.closeWrite();
  await refused;
});

Deno.test("an invitation goes on for who was sent its keys and does not say that they came", async () => {
  const { token, joined, place, log } = await invite();
  const { request } = await createRequest("bob");
  const proof = proofOf(token, joinLabels.request, "bob", request);
  {
    using peer = await Deno.connect({ hostname: place.host, port: place.port });
    await writeJsonLine(peer, { name: "bob", request, proof, confirms: true });
    assert.ok("body" in await readJsonLine(peer));
  }
  assert.equal((await join(place, token, "bob", systemClock)).own.name, "bob");
  assert.equal(await ended(joined), "bob");
  assert.match(log.warnings.join(), /"reason":"bob was sent its keys, and did not say that/);

  // Earlier versions say nothing after the answer.
  const earlier = await invite();
  const theirs = proofOf(earlier.token, joinLabels.request, "bob", request);
  using peer = await Deno.connect({ hostname: place.host, port: earlier.place.port });
  await writeJsonLine(peer, { name: "bob", request, proof: theirs });
  assert.equal(await ended(earlier.joined), "bob");
});

Deno.test("an invitation outlives peers that are gone before they are accepted", async () => {
  const failures = [
    new Deno.errors.NotConnected("gone"),
    new Error("Too many open files (os error 24)"),
  ];
  const { token, joined, place } = await invite(systemClock, () => {
    const failure = failures.pop();
    if (failure !== undefined) throw failure;
    return undefined;
  });
  await join(place, token, "bob", systemClock);
  assert.equal(await ended(joined), "bob");
});

Deno.test("five wrong tokens withdraw an invitation, and are told so", async () => {
  const { authority, joined, place } = await invite();
  const wrong: Token = createToken(authority.cluster);
  for (let i = 0; i < 5; i++) {
    await assert.rejects(join(place, wrong, "bob", systemClock), /token is not the one of this/);
  }
  const error = await ended(joined);
  assert.ok(error instanceof CommandError);
  assert.match(error.message, /5 wrong tokens came: the invitation is withdrawn/);
});

Deno.test("a token is void after fifteen minutes", async () => {
  const clock = new VirtualClock();
  const { joined, place, token } = await invite(clock);
  await clock.advanceAsync(15 * 60_000 - 1);
  await clock.advanceAsync(1);
  assert.match(
    (await ended(joined) as unknown as Error).message,
    /within 15 minutes: the token is void/,
  );
  await assert.rejects(join(place, token, "bob", systemClock), /is rpc keys invite .* running/);
});

Deno.test("a token is void after fifteen minutes in which the machine slept, too", async () => {
  const clock = new VirtualClock();
  const { joined, place, token } = await invite(clock);
  clock.setWallTime(clock.wallTimeMs() + 16 * 60_000);
  await assert.rejects(join(place, token, "bob", systemClock), /is older than 15 minutes/);
  const { message } = await ended(joined) as unknown as Error;
  assert.match(message, /within 15 minutes: the token is void/);
});

Deno.test("strangers who say nothing, or nonsense, hold nobody up and are no wrong tokens", async () => {
  const clock = new VirtualClock();
  const { token, joined, place } = await invite(clock);
  const address = { hostname: place.host, port: place.port };
  const come = async (text: string) => {
    const peer = await Deno.connect(address);
    await peer.write(new TextEncoder().encode(text));
    return peer;
  };
  const leave = async (peer: Deno.TcpConn) => {
    while (await peer.read(new Uint8Array(1_024)).catch(() => null) !== null);
    peer.close();
  };
  // An empty line is none: more is waited for.
  const mute = await come("\n");
  for (
    const text of ["{}\n", "GET / HTTP/1.1\r\n\r\n", '{"name":1}\n', "null\n", "x".repeat(20_000)]
  ) {
    await leave(await come(text));
  }
  // Those that came later have gone, so it was met before.
  await clock.advanceAsync(10_000);
  await leave(mute);
  const silent = await Promise.all(Array.from({ length: 8 }, () => Deno.connect(address)));
  await assert.rejects(join(place, token, "taken", systemClock), /called taken already/);
  assert.equal((await join(place, token, "bob", systemClock)).own.name, "bob");
  assert.equal(await ended(joined), "bob");
  for (const peer of silent) peer.close();
});

Deno.test("who joins where another program answers is told so, and not how that was read", async () => {
  const { token } = await invite();
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  const place = { host: "127.0.0.1", port, text: `127.0.0.1:${port}` };
  for (const answer of ["HTTP/1.1 400 Bad Request\r\n\r\n", "[]\n", "\0\n"]) {
    const joining = join(place, token, "bob", systemClock);
    using peer = await other.accept();
    await peer.write(new TextEncoder().encode(answer));
    await assert.rejects(joining, /Cannot join at 127\S+: it sent no line of a join; is rpc keys/);
  }
});

Deno.test("an invitation's log does not grow with those who come and say nothing", async () => {
  const { token, joined, place, log } = await invite();
  for (let i = 0; i < 100; i++) {
    const stranger = await Deno.connect({ hostname: place.host, port: place.port });
    stranger.close();
  }
  await join(place, token, "bob", systemClock);
  assert.equal(await ended(joined), "bob");
  assert.equal(log.warnings.length, 21, log.warnings.join("\n"));
  assert.match(log.warnings[0] ?? "", /did not join \{"from":"127\.0\.0\.1","reason":/);
  assert.match(log.warnings.at(-1) ?? "", /^More came and did not join \{"count":\d+\}$/);
});

Deno.test("who stands in between and does not know the token is found out by who joins", async () => {
  const impostor = await createAuthority(Date.now());
  const token = createToken("0123456789abcdef0123");
  const answers = [
    {
      body: JSON.stringify({ authority: impostor.certificate, certificate: impostor.certificate }),
      proof: "x",
    },
    { body: 1 },
    {},
  ];
  for (const answer of answers) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = (async () => {
      const peer = await listener.accept();
      await peer.read(new Uint8Array(16_384));
      await peer.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
      peer.close();
      listener.close();
    })();
    const place = { host: "127.0.0.1", port: listener.addr.port, text: "there" };
    await assert.rejects(join(place, token, "bob", systemClock), /somebody may be in between/);
    await served;
  }
});

Deno.test("the cluster that is joined is the one that the token is of", async () => {
  const { token, joined, place } = await invite();
  const other = { ...token, cluster: "0123456789abcdef" };
  await assert.rejects(join(place, other, "bob", systemClock), /not of the cluster/);
  await join(place, token, "bob", systemClock);
  assert.equal(await ended(joined), "bob");
});

Deno.test("a token is the same after it was written down, and nothing else is one", () => {
  const token = createToken("0123456789abcdef0123");
  const text = formatToken(token);
  assert.deepEqual(findToken(`  ${text}\r\n`), token);
  assert.equal(token.secret.length, 16);
  for (const other of ["", "rpc-join", text.slice(1), `${text}x`, text.toUpperCase()]) {
    assert.equal(findToken(other), undefined, other);
  }
});

Deno.test("who comes as an invitation ends is closed with it", async () => {
  const coming = Promise.withResolvers<Deno.TcpConn>();
  const accepts = [coming.promise];
  const clock = new VirtualClock();
  const { joined } = await invite(clock, () => accepts.shift());
  clock.advance(15 * 60 * 1_000);
  assert.ok(await ended(joined) instanceof CommandError);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  coming.resolve(await listener.accept());
  assert.equal(await within("the end", client.read(new Uint8Array(1))), null);
});
