import { type Command, runToEnd } from "../support/child.ts";
import { onClientCore } from "../support/cores.ts";
import { emptyBinary } from "../support/own_binary.ts";
import { tarpc } from "../systems/compiled.ts";
import { goNetRpc } from "../systems/go_net_rpc.ts";
import { grpcGo } from "../systems/grpc_go.ts";
import { kitex } from "../systems/kitex.ts";
import { nats } from "../systems/nats.ts";
import { rpc, rpcBinary } from "../systems/rpc.ts";
import type { System } from "../systems/system.ts";
import { type Contender, inTurns, type Measure, type Runner } from "./measure.ts";

const name = "startup";
const empty = "deno run of an empty file";
const call = "rpc call ping";

/** Processes of which a mean is taken where the system counts their time in thousandths. */
const processesAtOnce = 5;

/** A command to be measured, until it is not needed any more. */
interface Prepared extends AsyncDisposable {
  readonly command: Command;
  readonly note?: string | undefined;
}

/** How long a command takes, once. */
type Timer = (command: Command) => Promise<number>;

/** What there is of ours to compare, from source and as a user of a binary gets it. */
const own: readonly (readonly [name: string, prepare: () => Promise<Prepared>])[] = [
  [empty, emptyFile],
  [call, () => oneCall(rpc)],
  ["an empty program, compiled", emptyBinary],
  [`${call}, compiled`, () => oneCall(rpcBinary)],
];

/** What a reader has to know of them. */
const notes = [
  "Ours from source, as deno task rpc runs it, unless it says compiled; the server always is",
];

/** How long it takes to make one call from a shell. */
export const startup: Measure = {
  name,
  async run({ rounds }) {
    const peers = [tarpc, grpcGo, kitex, nats, goNetRpc];
    return {
      name,
      title: "one call as a whole process: from its start to its end, with the first answer",
      unit: "ms",
      better: "less",
      reference: empty,
      series: await inTurns(4 * rounds, [
        ...own.map(([name, prepare]) => timed(name, prepare, wallMs)),
        ...peers.map((system) => timed(system.name, () => oneCall(system), wallMs)),
      ]),
      targets: [{ of: call, is: "at most", bound: 1.8, times: empty }],
      notes: [...notes, "The others' programs are compiled"],
    };
  },
};

/** The processor time of the same, which says more on a busy machine. */
export const startupCpu: Measure = {
  name: "startup_cpu",
  async run({ rounds }) {
    return {
      name: "startup_cpu",
      title: "processor time of one call as a whole process",
      unit: "ms",
      better: "less",
      reference: empty,
      series: await inTurns(
        4 * rounds,
        own.map(([name, prepare]) => timed(name, prepare, processorMs)),
      ),
      targets: [],
      notes,
    };
  },
};

async function emptyFile(): Promise<Prepared> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  const args = ["run", "--allow-all", "--no-prompt", file];
  return {
    command: await onClientCore({ program: Deno.execPath(), args }),
    [Symbol.asyncDispose]: () => Deno.remove(file),
  };
}

async function oneCall(system: System): Promise<Prepared> {
  const running = await system.start();
  if (running.once === undefined) throw new Error("it has no client that makes one call");
  return {
    command: running.once,
    note: running.note,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Runs it once before, because the first time a module is compiled. */
function timed(name: string, prepare: () => Promise<Prepared>, timer: Timer): Contender {
  return {
    name,
    async start(): Promise<Runner> {
      const prepared = await prepare();
      try {
        await runToEnd(prepared.command);
      } catch (error) {
        await prepared[Symbol.asyncDispose]();
        throw error;
      }
      return {
        ...(prepared.note === undefined ? {} : { note: prepared.note }),
        figure: () => timer(prepared.command),
        [Symbol.asyncDispose]: () => prepared[Symbol.asyncDispose](),
      };
    },
  };
}

async function wallMs(command: Command): Promise<number> {
  const startedAtMs = performance.now();
  await runToEnd(command);
  return performance.now() - startedAtMs;
}

/** Of all its threads, user and system, as bash counts it. */
async function processorMs({ program, args, ...rest }: Command): Promise<number> {
  const script = `for i in {1..${processesAtOnce}}; do "$@" > /dev/null || exit; done; times`;
  const text = await runToEnd({
    ...rest,
    program: "bash",
    args: ["-c", script, "bash", program, ...args],
  });
  const [, ofChildren = ""] = text.trim().split("\n");
  const times = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)];
  if (times.length !== 2) throw new Error(`bash tells no times: ${JSON.stringify(text)}`);
  const ms = times.reduce(
    (sum, [, minutes, seconds]) => sum + 60_000 * Number(minutes) + 1_000 * Number(seconds),
    0,
  );
  return ms / processesAtOnce;
}
