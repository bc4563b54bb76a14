/** Four servers of one kind and a client of theirs, of which one server is killed. */

import { startZooKeeper } from "../../tests/support/zookeeper_server.ts";
import { type Command, type Server, startServer } from "../support/child.ts";
import { denoCommand } from "../support/deno_command.ts";
import { goProgram } from "./compiled.ts";
import { dubboName, dubboNote, dubboProgram } from "./dubbo.ts";
import { kitexBuild } from "./kitex.ts";
import { rpcName, startRpcServer, temporaryRegistry } from "./rpc.ts";

const serverCount = 4;
const inFlight = 32;

/** Servers, any of which may be killed but the first, and what calls them until SIGTERM. */
export interface Group extends AsyncDisposable {
  readonly servers: readonly Server[];
  readonly client: Command;
}

/** One of those compared. */
export interface GroupSystem {
  readonly name: string;
  readonly note: string;
  /** @throws {Error} if it cannot be run here; the message tells why */
  start(): Promise<Group>;
}

/** Ours: by a registry in a directory, with the defaults of the library's client. */
const rpc: GroupSystem = {
  name: rpcName,
  note: "rpc serve, local:, the library's Client",
  start: () =>
    grouped(async (stack) => {
      const { url } = stack.use(await temporaryRegistry());
      const servers = await times(stack, () => startRpcServer(url, ["--workers", "1"]));
      const argument = JSON.stringify({ registry: url, inFlight, servers: serverCount });
      return { servers, client: denoCommand("peers/rpc_client.ts", ["kill", argument]) };
    }),
};

/** A peer in Go whose client has a list of servers. */
function listed(
  name: string,
  note: string,
  build: Parameters<typeof goProgram>[0],
): GroupSystem {
  return {
    name,
    note,
    start: () =>
      grouped(async (stack) => {
        const program = await goProgram(build);
        const servers = await times(stack, () => startServer(program("server")));
        const ports = servers.map(({ port }) => port);
        return { servers, client: program("kill", JSON.stringify({ ports, inFlight })) };
      }),
  };
}

/** NATS: one server with a responder in it, and three more responders, which may be killed. */
const nats: GroupSystem = {
  name: "NATS",
  note: "four responders of a queue group, one of them in the server; a timeout of a second",
  start: () =>
    grouped(async (stack) => {
      const program = await goProgram({ folder: "nats" });
      const first = stack.use(await startServer(program("server")));
      const port = String(first.port);
      const more = await times(stack, () => startServer(program("server", port)), serverCount - 1);
      const ports = [first.port];
      const client = program("kill", JSON.stringify({ ports, inFlight }));
      return { servers: [first, ...more], client };
    }),
};

/** Dubbo, by ZooKeeper. */
const dubbo: GroupSystem = {
  name: dubboName,
  note: dubboNote,
  start: () =>
    grouped(async (stack) => {
      const program = await dubboProgram();
      const registry = `zookeeper://${stack.use(await startZooKeeper()).connectString}`;
      const servers = await times(stack, () => startServer(program("server", registry, "0")));
      return { servers, client: program("kill", registry, String(serverCount), String(inFlight)) };
    }),
};

/** All of them. */
export const groups: readonly GroupSystem[] = [
  rpc,
  listed("grpc-go", "round_robin over a list by hand, no retries", { folder: "grpc_go" }),
  listed("Kitex", "a list by hand, its defaults", kitexBuild),
  nats,
  dubbo,
];

async function grouped(
  start: (stack: AsyncDisposableStack) => Promise<Omit<Group, keyof AsyncDisposable>>,
): Promise<Group> {
  await using stack = new AsyncDisposableStack();
  const group = await start(stack);
  const kept = stack.move();
  return { ...group, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** One after the other, so that each has the machine for its start. */
async function times(
  stack: AsyncDisposableStack,
  start: () => Promise<Server>,
  count = serverCount,
): Promise<Server[]> {
  const servers: Server[] = [];
  for (let i = 0; i < count; i++) servers.push(stack.use(await start()));
  return servers;
}
