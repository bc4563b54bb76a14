import { callFlags } from "../call/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc call`, as data. */
export const command: Command<typeof callFlags> = {
  name: "call",
  summary: "Call a procedure on whichever servers are up, once or many times",
  positionals: [
    {
      name: "method",
      description: "the procedure, for example fib: see rpc methods",
      completes: "methods",
    },
    {
      name: "args",
      description:
        "its arguments, JSON or plain text: name=value gives one by name, @file reads one from a file, {i} is the call's number, from 1",
      count: "many",
    },
  ],
  flags: callFlags,
  examples: [
    ["rpc call ping", "one call"],
    ["rpc call fib 32 --repeat 100", "a hundred calls, spread over all servers"],
    ["rpc call ping --each", "one call to every server, and a line for each"],
    ['rpc call ping "{i}" --repeat 1000 --concurrency 16', "numbered from 1 to 1000, 16 at a time"],
    ["rpc call fib 27 --duration 30s --rate 50", "fifty a second for half a minute"],
    ["rpc call fib 27 -d 30s -c 8 -q --html report.html", "a load test, with a page of plots"],
    ["rpc call fib n=32", "with named parameters"],
    [
      "rpc call fib --input jobs.ndjson -c 16 --failed failed.ndjson",
      'one call per line, such as [32], {"n": 32} or 32; results keep the order of the lines',
    ],
  ],
  load: () => import("../call/brief/brief_call.ts"),
};
