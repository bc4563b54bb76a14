import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { fullPipe } from "../support/full_pipe.ts";
import { notLinux, onWindows, shTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** A shell that lets stdout be a device whose disk is always full. */
const toFullDisk = "exec >/dev/full;";

/** A shell that lets stdout be a file that takes 8 KiB and no more. */
const toSmallDisk = "trap '' XFSZ; ulimit -f 16; exec >out;";

function numbers(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i + 1}\n`).join("");
}

/** The lines of a file that are whole. */
async function wholeLines(path: string): Promise<string[]> {
  return (await Deno.readTextFile(path)).split("\n").slice(0, -1);
}

Deno.test({
  ...skippedIf(
    notLinux,
    "results that cannot be written are an error that says why, of every command",
  ),
  async fn() {
    await using home = await RpcHome.create();
    await home.serve();
    const commands = [
      ["call", "ping"],
      ["call", "ping", "{i}", "--repeat", "200"],
      ["call", "ping", "--json"],
      ["servers"],
      ["servers", "--json"],
      ["servers", "--watch"],
      ["methods"],
      ["methods", "fib"],
      ["methods", "--json"],
      ["config", "get"],
      ["config", "path"],
      ["completions", "bash"],
      ["help"],
      ["help", "call"],
      ["--version"],
      ["serve", "127.0.0.1", "0", "--workers", "1"],
      ["call", "ping", "--each"],
      ["services"],
      ["doctor"],
      ["mcp"],
    ];
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
    for (const args of commands) {
      const { code, stderr } = await home.run(args, { shell: toFullDisk, stdin: ping });
      assert.equal(code, 1, `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, /^rpc: Cannot write results: No space left on device/m, args.join(" "));
    }
  },
});

Deno.test({
  ...skippedIf(notLinux, "a stderr that is full or closed changes neither results nor exit code"),
  async fn() {
    await using home = await RpcHome.create();
    await home.serve();
    await Deno.writeTextFile(`${home.workingDirectory}/in`, '1\n"x"\n2\n"y"\n3\n');
    const cases: [string[], number, RegExp][] = [
      [["call", "ping", "--input", "in"], 1, /^"pong 1"\n"pong 2"\n"pong 3"\n$/],
      [["call", "ping", "x", "--each"], 1, /^127\.0\.0\.1:\d+ +failed: InvalidParams: /],
      [["call", "nope"], 1, /^$/],
      [["call"], 2, /^$/],
      [[], 2, /^$/],
      [["call", "ping", "--verbose"], 0, /^"pong"\n$/],
      [["servers", "--service", "nobody"], 0, /^$/],
      [["config", "unset", "zone"], 0, /^$/],
    ];
    for (const shell of ["exec 2>/dev/full;", "exec 2>&-;"]) {
      for (const [args, code, stdout] of cases) {
        const ran = await home.run(args, { shell });
        assert.equal(ran.code, code, `${shell} rpc ${args.join(" ")}`);
        assert.match(ran.stdout, stdout);
      }
    }
  },
});

Deno.test({
  ...skippedIf(
    notLinux,
    "a stdout or stdin that is closed is as /dev/null, and no other file takes its place",
  ),
  async fn() {
    await using home = await RpcHome.create();
    await home.serve();
    for (const shell of ["exec >&-;", "exec >/dev/null;", "exec <&- >&-;"]) {
      const good = await home.run(["call", "ping"], { shell });
      assert.deepEqual([good.code, good.stdout, good.stderr], [0, "", ""], shell);
      const bad = await home.run(["call", "nope"], { shell });
      assert.equal(bad.code, 1, shell);
      assert.match(bad.stderr, /^rpc: call nope\(\) failed at .*: MethodNotFound: /);
    }
    const { code, stdout } = await home.run(["call", "ping", "--input", "-"], {
      shell: "exec <&-;",
    });
    assert.deepEqual([code, stdout], [0, ""]);
  },
});

Deno.test({
  ...skippedIf(notLinux, "an input that cannot be read is an error that says why"),
  async fn() {
    await using home = await RpcHome.create();
    await home.serve();
    for (const args of [["mcp"], ["call", "ping", "--input", "-"]]) {
      const { code, stderr } = await home.run(args, { shell: "exec </;" });
      assert.equal(code, 1, args.join(" "));
      assert.match(stderr, /cannot read (stdin|the input).*Is a directory/i, args.join(" "));
    }
  },
});

Deno.test({
  ...skippedIf(notLinux, "a summary that cannot be written is an error too"),
  async fn() {
    await using home = await RpcHome.create();
    await home.serve();
    const args = ["call", "ping", "-n", "3", "--summary", "json"];
    const shell = "exec 2>/dev/full;";
    const { code, lines } = await home.run([...args, "--html", "page"], { shell });
    assert.deepEqual([code, lines.length], [1, 3]);
    // What else was asked for is there.
    assert.match(await Deno.readTextFile(`${home.workingDirectory}/page`), /<h1>/);
  },
});

shTest(
  "an input whose results fill the disk stops, and says after which line to go on",
  async () => {
    await using home = await RpcHome.create();
    await home.serve();
    await Deno.writeTextFile(`${home.workingDirectory}/in`, numbers(5_000));
    for (const more of [[], ["-c", "16"], ["-c", "16", "--unordered"]]) {
      const args = ["call", "ping", "--input", "in", ...more];
      const { code, stderr } = await home.run(args, { shell: toSmallDisk });
      assert.equal(code, 1);
      assert.match(stderr, /^rpc: Cannot write results: /m);
      const found = /stopped \(cannot write results\) after line (\d+): .* --input in --skip (\d+)/
        .exec(
          stderr,
        );
      const last = Number(found?.[1]);
      assert.equal(Number(found?.[2]), last, stderr);
      const written = new Set(await wholeLines(`${home.workingDirectory}/out`));
      for (let i = 1; i <= last; i++) assert.ok(written.has(`"pong ${i}"`), `line ${i}`);
      if (more.includes("--unordered")) continue;
      assert.equal(written.size, last);
    }
  },
);

shTest(
  "with --failed each line of an input that was begun is either written or in that file",
  async () => {
    await using home = await RpcHome.create();
    await home.serve();
    await Deno.writeTextFile(`${home.workingDirectory}/in`, numbers(5_000));
    const args = ["call", "ping", "--input", "in", "-c", "16", "--failed", "failed"];
    const { code, stderr } = await home.run(args, { shell: toSmallDisk });
    assert.equal(code, 1);
    const last = Number(/after line (\d+): .* --input in --skip \d+/.exec(stderr)?.[1]);
    const kept = [
      ...await wholeLines(`${home.workingDirectory}/out`),
      ...(await wholeLines(`${home.workingDirectory}/failed`)).map((line) => `"pong ${line}"`),
    ];
    const all = Array.from({ length: last }, (_, i) => `"pong ${i + 1}"`);
    assert.deepEqual(kept.toSorted(), all.toSorted(), stderr);
  },
);

Deno.test({
  ...skippedIf(
    onWindows,
    "a reader that has seen enough leaves the lines that it did not get in the file of failed ones",
  ),
  async fn() {
    await using home = await RpcHome.create();
    await home.serve();
    await Deno.writeTextFile(`${home.workingDirectory}/in`, numbers(1_000_000));
    const args = ["call", "ping", "--input", "in", "-c", "64", "--failed", "failed"];
    const run = home.start(args);
    await waitFor("the first results", () => run.lines.length > 100);
    run.closeStdout();
    assert.equal(await run.ended(), 0, run.describe());
    const last = Number(/after line (\d+): .* --input in --skip \d+/.exec(run.stderr)?.[1]);
    const failed = (await wholeLines(`${home.workingDirectory}/failed`)).map(Number);
    assert.ok(failed.length > 0, run.stderr);
    // What the pipe had taken is written; what it had not is behind that without a gap.
    const first = Math.min(...failed);
    assert.ok(first > run.lines.length);
    const rest = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    assert.deepEqual(failed.toSorted((a, b) => a - b), rest);
  },
});

shTest(
  "a full stdout that nobody reads keeps nobody from a server's and a gateway's calls",
  async () => {
    await using home = await RpcHome.create();
    const path = `${home.directory}/full`;
    using _ = await fullPipe(path);
    const shell = `exec >"${path}";`;
    const address = `127.0.0.1:${freePort()}`;
    const server = home.start(["serve", "127.0.0.1", "0", "--workers", "1"], { shell });
    const gateway = home.start(["gateway", address, "--no-token"], { shell });
    await waitFor("an answer of the server through the gateway", async () => {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: "[7]" };
      try {
        return (await (await fetch(`http://${address}/call/ping`, init)).text()).includes("pong 7");
      } catch {
        // It does not listen yet.
        return false;
      }
    });
    for (const process of [gateway, server]) {
      process.signal("SIGTERM");
      assert.equal(await process.ended(), 0);
    }
  },
);

shTest("rpc servers --watch ends when its reader has gone, though nothing happens", async () => {
  await using home = await RpcHome.create();
  const { address } = await home.serve();
  for (const more of [[], ["--json"]]) {
    const watch = home.start(["servers", "--watch", ...more]);
    await watch.line(new RegExp(address));
    watch.closeStdout();
    assert.equal(await watch.ended(), 0, watch.describe());
    assert.equal(watch.stderr, "");
  }
});

Deno.test({
  ...skippedIf(
    onWindows,
    "keys and tokens that nobody reads are an error, since they are nowhere else",
  ),
  async fn() {
    await using home = await RpcHome.create();
    assert.equal((await home.run(["keys", "init"])).code, 0);
    const cases: [string[], RegExp][] = [
      [["keys", "export", "bob"], /^rpc: Nobody has read the keys for bob: .* --name bob\n$/],
      [["keys", "invite", `127.0.0.1:${freePort()}`], /^rpc: Nobody has read the token\n$/],
    ];
    for (const [args, stderr] of cases) {
      const command = home.start(args);
      command.closeStdout();
      assert.equal(await command.ended(), 1, command.describe());
      assert.match(command.stderr, stderr);
    }
  },
});

shTest("a stdout that nobody reads any more keeps no watch, tap or call from its end", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const path = `${home.directory}/full`;
  using _ = await fullPipe(path);
  const shell = `exec >"${path}";`;
  const tap = home.start(["tap", "--json"], { shell });
  const watch = home.start(["servers", "--watch", "--json"], { shell });
  const seen = home.start(["servers", "--watch", "--json"]);
  const call = home.start(["call", "ping", "-n", "3", "--verbose"], { shell });
  await call.says(/call 3: /);
  await tap.says(/listening/);
  await waitFor("what a watch has to tell", () => seen.lines.length > 0);
  assert.equal((await home.run(["call", "ping"])).code, 0);
  for (const [stuck, code] of [[tap, 130], [watch, 130], [call, 1]] as const) {
    stuck.signal("SIGTERM");
    assert.equal(await stuck.ended(), code);
  }
  assert.match(call.stderr, /Cannot write results: nobody reads them/);
});
