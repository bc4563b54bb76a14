/**
 * Every parser that reads a stranger's bytes, fed with what is nearly right. Whatever comes, it
 * returns or throws what it says that it throws: no other error, no endless loop, no memory without
 * bound.
 *
 * Quick by default. `deno task fuzz` gives each parser ten minutes; it prints the seed first, and
 * `RPC_TEST_SEED` takes it again. What it finds becomes a vector or a test beside the parser's own.
 */

import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { loadCommands } from "../../src/cli/commands.ts";
import { kebabCase } from "../../src/cli/syntax/flags.ts";
import { parseArguments } from "../../src/cli/syntax/parse.ts";
import { UsageError } from "../../src/base/command_error.ts";
import { wordsOf } from "../../src/cli/syntax/words.ts";
import { decodeInstance, encodeInstance } from "../../src/discovery/instance_json.ts";
import { decodeOverride, encodeOverride } from "../../src/discovery/override.ts";
import { formatRegistryUrl, parseRegistryUrl } from "../../src/discovery/registry_url.ts";
import { readSettings } from "../../src/library/settings.ts";
import { answerToBytes, answerToLine } from "../../src/server/bounds/foreign.ts";
import { decodeAnyReply, decodeReply } from "../../src/wire/codec.ts";
import { decodeAnyRequest } from "../../src/wire/requests/decode_request.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { decodeRequest } from "../support/decode_request.ts";
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
import * as fc from "../support/fast_check.ts";
import { bytesNear, jsonNear, pieces, textNear } from "./arbitraries.ts";
import { fuzz, mayThrow } from "./fuzz.ts";

const commands = await loadCommands();

/** Every flag that there is, and a value behind it. */
const flagTexts = commands.flatMap(({ flags }) =>
  Object.keys(flags).flatMap((key) => [`--${kebabCase(key)}`, `--${kebabCase(key)}=1`])
);

const parsed = (json: string): unknown => JSON.parse(json);

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
  fc.oneof(
    textNear(request, batch, '{"jsonrpc":"2.0","id":null,"method":"m","params":{"a":1}}'),
    jsonNear(parsed(request), parsed(batch)),
  ),
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
  fc.oneof(textNear(answer, failure, items), jsonNear(...[answer, failure, items].map(parsed))),
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

const instances = fc.oneof(
  bytesNear(instance, "{}", ""),
  jsonNear(parsed(instance)).map((json) => new TextEncoder().encode(json)),
);

fuzz("an instance is whole or none", instances, (bytes) => {
  const read = decodeInstance(bytes, "rpc");
  if (read.kind !== "instance") return;
  const again = decodeInstance(
    new TextEncoder().encode(encodeInstance(read.instance, read.instance.id)),
    "rpc",
  );
  assert.deepEqual(again, read, "what is read can be written and read again");
});

fuzz(
  "an override in the registry is one or none, and can be written again",
  fc.oneof(textNear('{"drained":true,"weight":3}'), jsonNear({ drained: true, weight: 3 })),
  (text) => {
    const read = decodeOverride(new TextEncoder().encode(text));
    assert.deepEqual(decodeOverride(new TextEncoder().encode(encodeOverride(read))), read);
  },
);

fuzz(
  "what begins as another protocol does is answered with text, and no message is taken for one",
  bytesNear(
    ...[`${request}\n`, "GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ...["SSH-2.0-OpenSSH_9.6\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "*1\r\n$4\r\nPING\r\n"],
    new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1]),
    new Uint8Array([0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]),
  ),
  (bytes) => {
    const [line = ""] = new TextDecoder().decode(bytes).split("\n");
    const noBytes = new Uint8Array(0);
    for (const answer of [answerToBytes(bytes), answerToLine(line, noBytes)]) {
      assert.ok(answer === undefined || answer.endsWith("\n"));
    }
    if (line.startsWith("{") || line.startsWith("[")) {
      assert.equal(answerToLine(line, noBytes), undefined);
    }
  },
);

/** A frame with its prefix. */
function frame(...ints: readonly number[]): Uint8Array {
  const payload = new Uint8Array(ints.length * 4);
  ints.forEach((value, i) => new DataView(payload.buffer).setInt32(i * 4, value));
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setInt32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

const stat = (writer: JuteWriter) =>
  writer.long(1n).long(2n).long(3n).long(4n).int(5).int(6).int(7).long(8n).int(9).int(10).long(11n);
const header = (xid: number, error = 0) => new JuteWriter().int(xid).long(77n).int(error);

/** Answers as ZooKeeper writes them. */
const answers = [
  new JuteWriter().int(0).int(4_000).long(99n).buffer(new Uint8Array(16)).frame(),
  stat(header(1)).frame(),
  stat(header(2).buffer(new TextEncoder().encode('{"name":"rpc"}'))).frame(),
  stat(header(3).list(["a", "b/c"], (writer, name) => writer.string(name))).frame(),
  header(4, -101).frame(),
  header(-1).int(3).int(3).string("/rpc/rpc/a").frame(),
];

/** Answers with wrong bytes in them, whose lengths are right all the same. */
const reframed = fc.constantFrom(...answers).chain((whole) => bytesNear(whole.subarray(4)))
  .map((payload) => {
    const bytes = new Uint8Array(4 + payload.length);
    new DataView(bytes.buffer).setInt32(0, payload.length);
    bytes.set(payload, 4);
    return bytes;
  });

const frameBytesMax = 256;
const frames = [
  ...answers,
  frame(0, 4_000, 0, 1, 16, 1, 2, 3, 4),
  frame(1, 0, 77, 0, 2, 0x612f6200, 3),
  frame(-1, -1, -1, 0, 4, 3, 1, 0x2f000000),
];

fuzz(
  "ZooKeeper's frames are the same however they are cut, and each is read or refused",
  fc.tuple(
    fc.oneof(bytesNear(...frames), reframed),
    fc.array(fc.nat({ max: 512 }), { maxLength: 6 }),
  ),
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
  bytesNear(
    'registry = "local:"\ntimeout = 5000\n# a comment\n',
    '[a]\nb = """x"""\n[[c]]\nd = 1',
    "\"a\" = 1979-05-27T07:32:00Z\nb.c = 0x1F\nd = [1, [2], { e = 'f' }]\n",
    'x = "\\u00e9\\n"\ny = +1_000.5e-3\nz = nan\n',
  ),
  async (bytes) => {
    const path = `${settingsDirectory}/rpc.toml`;
    Deno.writeFileSync(path, bytes);
    try {
      await readSettings(path);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
    } finally {
      // To cut a file that is there to nothing takes ext4 several times as long as to make one.
      Deno.removeSync(path);
    }
  },
);

fuzz(
  "a command line is read or refused",
  fc.tuple(
    fc.constantFrom(...commands),
    fc.array(
      textNear(...flagTexts, "-n5", "--timeout=5s", "-vn", "--", "--no-json", "fib", "-5", "a=@b"),
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
