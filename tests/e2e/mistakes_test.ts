import assert from "node:assert/strict";
import { RpcHome, type RpcRunOptions } from "../support/rpc_process.ts";
import { twoAtOnce } from "../support/two_at_once.ts";

/** A mistake: one line on stderr that says what to do, nothing on stdout, no stack trace. */
async function assertFails(
  home: RpcHome,
  args: readonly string[],
  code: number,
  message: RegExp,
  options: RpcRunOptions = {},
): Promise<void> {
  const result = await home.run(args, options);
  const told = `rpc ${args.join(" ")}: exit code ${result.code}\n${result.stderr}`;
  assert.equal(result.code, code, told);
  assert.equal(result.stdout, "", told);
  // A machine that is busy with other things may take long to load what there is to serve.
  const said = result.stderr.replace(/^\S+ WRN Still loading .*\n/gm, "");
  assert.match(said, /^rpc: [^\n]+\n$/, told);
  assert.match(result.stderr, message, told);
}

Deno.test("a command line that cannot be is refused with exit code 2", async () => {
  await using home = await RpcHome.create();
  const cases: [string, RegExp][] = [
    ["frobnicate", /see rpc help; a procedure is called by rpc call frobnicate$/m],
    ["serv 127.0.0.1 0", /did you mean serve\?/],
    ["--frobnicate", /Unknown flag "--frobnicate": see rpc help/],
    ["version", /did you mean --version\?/],
    ["-v", /Unknown flag "-v": did you mean -V\?/],
    ["gateway 127.0.0.1 80800", /Cannot listen on "127\.0\.0\.1:80800": give host:port/],
    ["gateway 127.0.0.1:80 80", /Cannot listen on "127\.0\.0\.1:80:80": give host:port/],
    [
      "--registry local: call ping",
      /Cannot use --registry before .*: write rpc call \.\.\. --registry$/m,
    ],
    ["hlep", /Unknown command "hlep": did you mean help\?/],
    ["help frobnicate", /see rpc help/],
    ["demo --registry foo:", /^rpc: Cannot use the registry "foo:": .* write local:/],
    ["serve 127.0.0.1", /without a port: rpc serve 127\.0\.0\.1 6666, or 0 for any free one/],
    ["service uninstall --json", /uninstall prints no JSON: leave --json out/],
    ["serve 127.0.0.1 http", /Cannot listen on port "http": it must be a whole number/],
    ["serve 127.0.0.1 65536", /from 0 to 65535/],
    ["serve 127.0.0.1 0 --workers 0", /--workers "0": it must be a whole number from 1/],
    ["serve 127.0.0.1 0 --workers 2 --workers-min 3", /Cannot keep 3 workers where .* at most 2/],
    ["serve 127.0.0.1 0 --advertise 0.0.0.0", /Cannot announce "0.0.0.0": give a host/],
    ["serve 127.0.0.1 0 --log-level loud", /it must be one of debug, info, warn, error/],
    ["call", /Missing <method>.*see rpc methods/],
    ["call ping --repaet 3", /did you mean --repeat\?/],
    [
      "call ping --frobnicate",
      /see rpc call --help \(a parameter is written frobnicate=\.\.\.\), or/,
    ],
    ["call ping --repeat", /--repeat needs a value/],
    ["call ping --repeat many", /Cannot use --repeat "many"/],
    ["call ping --timeout -1", /Cannot use --timeout "-1"/],
    ["call ping --balance fair", /it must be one of p2c, /],
    ["call fib 1 --params {}", /: choose one/],
    ["call fib --params [1]", /it must be a JSON object, such as/],
    ["call fib --params {", /it must be a JSON object, such as/],
    ["call ping --registry here", /Cannot use the registry "here": .*write local:/],
    // What is advised is no secret, and is shown.
    [
      "call ping --registry here",
      /zookeeper:\/\/\[login@\]host:2181.* \(a login is user:password\)/,
    ],
    ["call ping --registry zookeeper://", /is no host:port; write/],
    ["call ping --registry static:x", /write .*static:host:port/],
    ["call ping --service a/b", /Cannot use the service name "a\/b": it must be/],
    ["servers all", /Unknown action "all": there are drain, resume, weight/],
    ["config", /Missing <action>, get, set, unset, path or trust\. Usage: /],
    ["config frobnicate", /Unknown action "frobnicate": there are get, set, unset, path, trust/],
    ["config get regsitry", /did you mean registry\?/],
    ["config set registry", /rpc config set <setting> <value>/],
    ["config set registry here", /Cannot use the registry "here"/],
    ["config set workers many", /Cannot use workers "many"/],
  ];
  await twoAtOnce(cases, ([line, message]) => assertFails(home, line.split(" "), 2, message));
});

Deno.test("without a command the help is on stderr, with exit code 2", async () => {
  await using home = await RpcHome.create();
  const { code, stdout, stderr } = await home.run([]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /rpc serve 127\.0\.0\.1 0/);
});

Deno.test("who asks for the help of help gets that of the program", async () => {
  await using home = await RpcHome.create();
  const lines = ["help help", "help --help", "--help -h"];
  await twoAtOnce(lines, async (line) => {
    const { code, stdout, stderr } = await home.run(line.split(" "));
    assert.deepEqual([code, stderr], [0, ""], line);
    assert.match(stdout, /^ {2}serve .*Publish procedures/m, line);
  });
});

Deno.test("settings that cannot be are refused, and where they stand is named", async () => {
  await using home = await RpcHome.create();
  await assertFails(home, ["call", "ping"], 2, /Cannot use RPC_TIMEOUT "soon": it must be/, {
    env: { RPC_TIMEOUT: "soon" },
  });
  const file = `${home.workingDirectory}/rpc.toml`;
  for (
    const [toml, message] of [
      ["timeout = 'soon'\n", /Cannot use timeout = "soon" in rpc\.toml: it must be/],
      ["regsitry = 'local:'\n", /Cannot use rpc\.toml: there is no setting regsitry; did you mean/],
      ["timeout = \n", /Cannot read rpc\.toml: .*\(line 1, column \d+\)/],
      ["[server]\nport = 1\n", /there is no setting server; see: rpc config get/],
      ["timeout = [1]\n", /Cannot use timeout in rpc\.toml: it must be/],
    ] as const
  ) {
    await Deno.writeTextFile(file, toml);
    await assertFails(home, ["call", "ping"], 2, message, { env: { RPC_TIMEOUT: "" } });
  }
});

Deno.test("a server that cannot listen says why, with exit code 1", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve();
  const cases: [string, RegExp][] = [
    [`serve 127.0.0.1 ${server.port}`, /the port is in use; choose another one, or 0/],
    // An address that belongs to documentation, and so to nobody.
    ["serve 192.0.2.1 0", /this machine has no such address; 0\.0\.0\.0 listens on all/],
    ["serve no.such.host.invalid 0", /neither an address nor a known name/],
  ];
  await twoAtOnce(cases, ([line, message]) => assertFails(home, line.split(" "), 1, message));
  assert.equal((await home.run(["call", "ping"])).stdout, '"pong"\n');
});

Deno.test("a call that nobody can answer says what to do, with exit code 1", async () => {
  await using home = await RpcHome.create();
  const cases: [string, RegExp][] = [
    ["call ping", /Unavailable: No server of service "rpc" .*start one: rpc serve 127\.0\.0\.1 0/],
    ["methods", /Unavailable: No server .*start one: rpc serve/],
    // Port 1 is nobody's: tcpmux has not been seen for decades.
    ["call ping --registry static:127.0.0.1:1", /Cannot reach any server.*127\.0\.0\.1:1 \(/],
    [
      "call ping --registry zookeeper://127.0.0.1:1",
      /Cannot reach ZooKeeper at 127\.0\.0\.1:1 .*Start it, .* local: needs none/,
    ],
    ["servers --registry zookeeper://127.0.0.1:1", /Cannot reach ZooKeeper.*Start it/],
    ["methods --registry zookeeper://127.0.0.1:1", /Cannot reach ZooKeeper.*Start it/],
  ];
  await twoAtOnce(cases, ([line, message]) => assertFails(home, line.split(" "), 1, message));
});

Deno.test("a call that the server refuses says what is wrong with it", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const cases: [string, RegExp][] = [
    ["call pign", /MethodNotFound: .*"pign".*did you mean ping\?/],
    ["call frobnicate", /MethodNotFound: .*list them: rpc methods/],
    ["call fib", /InvalidParams: .*n is missing; see: rpc methods/],
    ["call fib many", /fib\("many"\).*InvalidParams: .*n must be .*"many"/],
    ["call fib 79", /n must be <= 78/],
    ["call fib -1", /n must be >= 0/],
    ["call fib 1 2", /one too many/],
    ['call fib --params {"m":1}', /fib\({"m":1}\).*m is not a parameter/],
    ["call rpc.frobnicate", /MethodNotFound/],
  ];
  await twoAtOnce(cases, ([line, message]) => assertFails(home, line.split(" "), 1, message));
  // Nothing of that has disturbed anybody.
  assert.equal((await home.run(["call", "fib", "20"])).stdout, "6765\n");
});

Deno.test("stack traces are for --verbose", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const quiet = await home.run(["call", "pign"]);
  assert.doesNotMatch(quiet.stderr, /^ +at /m);
  const verbose = await home.run(["call", "pign", "--verbose"]);
  assert.match(verbose.stderr, /^ +at /m);
});
