/**
 * Every parser that reads a stranger's bytes, fed with what is nearly right. Whatever comes, it
 * returns or throws what it says that it throws: no other error, no endless loop, no memory without
 * bound.
 *
 * Quick by default. `deno task fuzz` gives each parser ten minutes; it prints the seed first, and
 * `RPC_TEST_SEED` takes it again. What it finds becomes a vector or a test beside the parser's own.
 */

import assert from "node:assert/strict";
import * as fc from "fast-check";
import { CommandError } from "../../src/base/command_error.ts";
import { RpcError } from "../../src/base/errors.ts";
import { loadCommands } from "../../src/cli/commands.ts";
import { parseArguments } from "../../src/cli/syntax/parse.ts";
import { UsageError } from "../../src/cli/syntax/usage_error.ts";
import { wordsOf } from "../../src/cli/syntax/words.ts";
import { decodeInstance, encodeInstance } from "../../src/discovery/instance_json.ts";
import { formatRegistryUrl, parseRegistryUrl } from "../../src/discovery/registry_url.ts";
import { parseBundle } from "../../src/keys/bundle.ts";
import { readCertificate } from "../../src/keys/certificate.ts";
import { createToken, findToken, formatToken } from "../../src/keys/join/token.ts";
import { parseRights, rightsOfUris } from "../../src/keys/rights.ts";
import { readSettings } from "../../src/library/settings.ts";
import { decodeAnyReply, decodeReply } from "../../src/wire/codec.ts";
import { BadMessage, decodeAnyRequest, decodeRequest } from "../../src/wire/decode_request.ts";
import { LineSplitter } from "../../src/wire/lines.ts";
import { parseConnectString } from "../../src/zookeeper/connect_string.ts";
import { ZooKeeperError } from "../../src/zookeeper/errors.ts";
import { CutFrame, FrameSplitter } from "../../src/zookeeper/frames.ts";
import { JuteReader, JuteWriter } from "../../src/zookeeper/jute.ts";
import {
  decodeConnect,
  decodeNotification,
  decodeReplyHeader,
  decodeStat,
} from "../../src/zookeeper/protocol.ts";
import { bytesNear, pieces, textNear } from "./arbitraries.ts";
import { fuzz, mayThrow } from "./fuzz.ts";

const commands = await loadCommands();

const request = '{"jsonrpc":"2.0","id":7,"method":"fib","params":[32],"meta":{"timeoutMs":5000}}';
const batch = `[${request},{"jsonrpc":"2.0","method":"rpc.cancel","params":{"id":7}},1]`;
const answer = '{"jsonrpc":"2.0","id":7,"result":{"a":[1,2.5,"x",null,12345678901234567890]}}';
const failure = '{"jsonrpc":"2.0","id":"a","error":{"code":-32002,"message":"no",' +
  '"data":{"executed":"no","issues":[{"path":["n"],"message":"bad"}]}}}';
const items = '{"jsonrpc":"2.0","method":"rpc.item","params":{"id":7,"items":[1,"two"]}}';

fuzz(
  "lines are the same however their bytes are cut, and none is held past the bound",
  fc.tuple(
    bytesNear(`${request}\n${answer}\r\n\n${batch}\n`, "\xff\n"),
    fc.array(fc.nat({ max: 4_096 }), { maxLength: 8 }),
    fc.integer({ min: 1, max: 400 }),
  ),
  ([bytes, cuts, bytesMax]) => {
    const read = (chunks: readonly Uint8Array[]) => {
      const splitter = new LineSplitter(bytesMax);
      const lines = chunks.flatMap((chunk) => {
        const found = splitter.push(chunk);
        assert.ok(splitter.partialBytes <= bytesMax);
        return found;
      });
      return lines.map((line) => typeof line === "string" ? line : [line.name]);
    };
    assert.deepEqual(read(pieces(bytes, cuts)), read([bytes]));
  },
);

fuzz(
  "a server reads a request, a batch or an error to answer with",
  textNear(request, batch, '{"jsonrpc":"2.0","id":null,"method":"m","params":{"a":1}}'),
  (line) => {
    const read = decodeRequest(line);
    assert.deepEqual(shown(read), shown(decodeAnyRequest(line)), "however it is read");
  },
);

function shown(read: ReturnType<typeof decodeRequest>): unknown {
  if (read instanceof BadMessage) return [read.id, read.error.name];
  return "length" in read ? read.map((one) => shown(one)) : read;
}

fuzz(
  "a client reads an answer or knows that it is none",
  textNear(answer, failure, items),
  (line) => {
    const read = mayThrow(RpcError, () => decodeReply(line));
    assert.deepEqual(read, mayThrow(RpcError, () => decodeAnyReply(line)), "however it is read");
  },
);

const instance = encodeInstance({
  id: "11111111-2222-4333-8444-555555555555",
  service: "rpc",
  host: "192.168.0.211",
  port: 6666,
  weight: 1,
  zone: "a",
  version: "0.1.0",
  methods: ["ping", "fib"],
  startedAtMs: 1_700_000_000_000,
}, "11111111-2222-4333-8444-555555555555");

fuzz("an instance is whole or none", bytesNear(instance, "{}", ""), (bytes) => {
  const read = decodeInstance(bytes, "rpc");
  if (read.kind !== "instance") return;
  const again = decodeInstance(
    new TextEncoder().encode(encodeInstance(read.instance, read.instance.id)),
    "rpc",
  );
  assert.deepEqual(again, read, "what is read can be written and read again");
});

/** A frame with its prefix. */
function frame(...ints: readonly number[]): Uint8Array {
  const payload = new Uint8Array(ints.length * 4);
  ints.forEach((value, i) => new DataView(payload.buffer).setInt32(i * 4, value));
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setInt32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

const frameBytesMax = 256;
const frames = [
  frame(0, 4_000, 0, 1, 16, 1, 2, 3, 4),
  frame(1, 0, 77, 0, 2, 0x612f6200, 3),
  frame(-1, -1, -1, 0, 4, 3, 1, 0x2f000000),
];

fuzz(
  "ZooKeeper's frames are the same however they are cut, and each is read or refused",
  fc.tuple(bytesNear(...frames), fc.array(fc.nat({ max: 512 }), { maxLength: 6 })),
  ([bytes, cuts]) => {
    const read = (chunks: readonly Uint8Array[]) => {
      const splitter = new FrameSplitter(frameBytesMax);
      const found: unknown[] = [];
      for (const chunk of chunks) {
        const isSound = mayThrow(ZooKeeperError, () => {
          for (const one of splitter.push(chunk)) {
            found.push(one instanceof CutFrame ? ["cut", one.length] : one.slice());
          }
          return true;
        });
        if (!isSound) return [...found, "refused"];
      }
      return found;
    };
    const whole = read([bytes]);
    assert.deepEqual(read(pieces(bytes, cuts)), whole);
    for (const payload of whole) {
      if (!(payload instanceof Uint8Array)) continue;
      const decoders: ((reader: JuteReader) => unknown)[] = [
        decodeConnect,
        decodeReplyHeader,
        decodeStat,
        decodeNotification,
        (reader) => reader.strings(),
        (reader) => reader.buffer(),
      ];
      for (const decode of decoders) {
        mayThrow(ZooKeeperError, () => decode(new JuteReader(payload)));
      }
    }
  },
);

fuzz("jute reads back what it wrote", fc.tuple(fc.string(), fc.uint8Array()), ([text, bytes]) => {
  const writer = new JuteWriter();
  writer.string(text.toWellFormed());
  writer.buffer(bytes);
  const reader = new JuteReader(writer.frame().subarray(4));
  assert.equal(reader.string(), text.toWellFormed());
  assert.deepEqual(reader.buffer(), bytes);
});

fuzz(
  "a registry's URL is read or refused, and can be written again",
  textNear(
    "local:/some/dir",
    "static:127.0.0.1:1,[::1]:2",
    "zookeeper://user:pw@a:2181,b/chroot?sessionTimeoutMs=4000",
    "zookeepers://a:2281/x",
  ),
  (text) => {
    const url = mayThrow(RpcError, () => parseRegistryUrl(text));
    // What is shown of a login lacks its password.
    if (url !== undefined && !(url.kind === "zookeeper" && url.login !== undefined)) {
      assert.deepEqual(parseRegistryUrl(formatRegistryUrl(url)), url, formatRegistryUrl(url));
    }
    mayThrow(ZooKeeperError, () => parseConnectString(text));
  },
);

const settingsDirectory = await Deno.makeTempDir({ prefix: "rpc_fuzz_" });
globalThis.addEventListener("unload", () => {
  Deno.removeSync(settingsDirectory, { recursive: true });
});

fuzz(
  "a settings file is read or refused",
  bytesNear('registry = "local:"\ntimeout = 5000\n# a comment\n', '[a]\nb = """x"""\n[[c]]\nd = 1'),
  async (bytes) => {
    const path = `${settingsDirectory}/rpc.toml`;
    Deno.writeFileSync(path, bytes);
    try {
      await readSettings(path);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
    }
  },
);

fuzz(
  "a command line is read or refused",
  fc.tuple(
    fc.constantFrom(...commands),
    fc.array(
      textNear("--repeat", "-n5", "--timeout=5s", "-vn", "--", "--no-json", "fib", "-5", "a=@b"),
      { maxLength: 6 },
    ),
  ),
  ([command, args]) => void mayThrow(UsageError, () => parseArguments(command, args)),
);

fuzz(
  "the words of a command line are read or refused",
  fc.tuple(textNear('python3 \'a b.py\' "c\\"d" e\\ f'), fc.constantFrom("linux", "windows")),
  ([text, os]) => void mayThrow(UsageError, () => wordsOf(text, os as typeof Deno.build.os)),
);

const token = formatToken(createToken("0123456789abcdef0123"));

fuzz("a token is one or none", textNear(token), (text) => {
  const read = findToken(text);
  if (read !== undefined) assert.deepEqual(findToken(formatToken(read)), read);
});

const pem = (label: string) => `-----BEGIN ${label}-----\nMIIBIjANBgkq\n-----END ${label}-----\n`;

fuzz(
  "a bundle of keys is one or none",
  textNear(pem("PRIVATE KEY") + pem("CERTIFICATE") + pem("CERTIFICATE")),
  (text) => void mayThrow(CommandError, () => parseBundle("a file", text)),
);

fuzz(
  "a certificate is read or refused",
  bytesNear(pem("CERTIFICATE"), new Uint8Array([0x30, 0x82, 0x01, 0x22, 0x30, 0x0d])),
  (bytes) => void mayThrow(Error, () => readCertificate(bytes)),
);

fuzz(
  "rights are read or refused, and those of a certificate never throw",
  textNear("call:img.*,serve,admin,read", "rpc:call:*", "rpc:serve"),
  (text) => {
    mayThrow(RpcError, () => parseRights(text));
    rightsOfUris(text.split(","));
  },
);
