import assert from "node:assert/strict";
import { placeOf } from "../../../src/cli/serve/place.ts";

Deno.test("what people write for an address, a port and a module is read as they mean it", () => {
  const cases: [args: string[], host: string, port: number, module: string | undefined][] = [
    [[], "127.0.0.1", 0, undefined],
    [["tasks.ts"], "127.0.0.1", 0, "tasks.ts"],
    [["./tasks"], "127.0.0.1", 0, "./tasks"],
    [["C:\\tasks\\a.py"], "127.0.0.1", 0, "C:\\tasks\\a.py"],
    [["6666"], "127.0.0.1", 6666, undefined],
    [["6666", "tasks.py"], "127.0.0.1", 6666, "tasks.py"],
    [[":6666"], "0.0.0.0", 6666, undefined],
    [["127.0.0.1:6666"], "127.0.0.1", 6666, undefined],
    [["localhost:0", "tasks.mjs"], "localhost", 0, "tasks.mjs"],
    [["[::1]:6666"], "::1", 6666, undefined],
    [["192.168.0.211", "6666"], "192.168.0.211", 6666, undefined],
    [["[::1]", "6666", "tasks.ts"], "::1", 6666, "tasks.ts"],
    [["::1", "0"], "::1", 0, undefined],
  ];
  for (const [args, host, port, module] of cases) {
    const place = placeOf(args);
    assert.deepEqual([place.listen, place.module], [{ host, port }, module], args.join(" "));
  }
});

Deno.test("what cannot be meant is told with what to write", () => {
  const cases: [args: string[], message: RegExp][] = [
    [["192.168.0.211"], /without a port: rpc serve 192\.168\.0\.211 6666, or 0 for any free one/],
    [["myhost", "tasks.ts"], /without a port: rpc serve myhost 6666 tasks\.ts/],
    [["", "6666", "tasks.ts"], /on "": write an address in full, such as 127\.0\.0\.1/],
    [["tasks.ts", "127.0.0.1"], /the module comes last, as in rpc serve 127\.0\.0\.1 0 tasks\.ts/],
    [["127.0.0.1:99999"], /port "99999": it must be a whole number from 0 to 65535/],
    [["127.0.0.1", "http"], /port "http"/],
    [["http://127.0.0.1:6666"], /write host and port, such as 127\.0\.0\.1 6666; a module is/],
    [["0", "0"], /Cannot listen on "0": write an address in full, such as 127\.0\.0\.1/],
    [["127.1:6666"], /Cannot listen on "127\.1": write an address in full/],
    [["6666", "127.0.0.1", "a.ts"], /before the port: rpc serve 127\.0\.0\.1 6666 a\.ts$/],
    [["0", "localhost"], /before the port: rpc serve localhost 0$/],
    [["0x7f000001", "1"], /write an address in full/],
    [["127.0.0.1:1", "a.ts", "b.ts"], /b\.ts: one module is served/],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => placeOf(args), { message }, args.join(" "));
  }
});
