/**
 * Real ZooKeeper servers for tests, on loopback, each with its own configuration, data and ports.
 *
 * They come from Debian's `zookeeper` package, or from where `RPC_TEST_ZOOKEEPER` points: the
 * unpacked directory of a ZooKeeper release (its `lib` holds the jars), or a Java class path.
 * `java` must be on the PATH. Where there is none, tests that need one are ignored, and say why in
 * their name; with `RPC_TEST_REQUIRE_ZOOKEEPER=1`, as in continuous integration, they fail instead.
 */

import { exists } from "../../src/base/paths.ts";
import { freePort } from "./free_port.ts";
import { skippedIf } from "./skipped_if.ts";
import { waitFor } from "./wait_for.ts";

/** How to start a server. */
export interface ZooKeeperServerOptions {
  /** Sessions last 2 to 20 of these. @default 200 */
  readonly tickTimeMs?: number;
  /** Further lines of `zoo.cfg`. */
  readonly config?: Readonly<Record<string, string | number>>;
  /** Java system properties, for what `zoo.cfg` does not cover. */
  readonly systemProperties?: Readonly<Record<string, string | number>>;
  /** Another host than this one, on which it listens on port 2181. */
  readonly host?: {
    readonly address: string;
    /** The words before a command that has it run there. */
    readonly command: readonly string[];
  };
}

/**
 * For tests that must not lose a session by themselves, however slowly client and server run: it
 * lasts as long as the client asks for, up to a minute.
 */
export const longSessions: ZooKeeperServerOptions = { config: { maxSessionTimeout: 60_000 } };

/** A server under a test's control. */
export interface ZooKeeperServer extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:<port>`, or that of the host given. */
  readonly connectString: string;
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  /** What the server wrote. */
  readonly logFile: string;
  /** Kills it (SIGKILL), and resolves when it is dead. */
  stop(): Promise<void>;
  /** Stops it from running without ending it (SIGSTOP). */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /**
   * Starts it again on the same ports, after {@link stop} if need be, and resolves when it serves.
   */
  restart(options?: { readonly wipe?: boolean }): Promise<void>;
  /** Starts it again without waiting until it serves. */
  start(): void;
  /** If it has ended by itself, the end of its log, which says why. */
  endedBecause(): string | undefined;
  /** `standalone`, `leader` or `follower`; `undefined` while it does not serve. */
  mode(): Promise<string | undefined>;
}

/** Three servers that agree. */
export interface ZooKeeperEnsemble extends AsyncDisposable {
  readonly members: readonly ZooKeeperServer[];
  /** All members, separated by commas. */
  readonly connectString: string;
  /** The member that leads now; waits for an election. */
  leader(): Promise<ZooKeeperServer>;
}

/** How long a server may take to serve, and an ensemble to elect. */
const startTimeoutMs = 180_000;

/**
 * The first jar names what it needs in its manifest, but for a logger and a part of what speaks
 * TLS.
 */
const debianClassPath = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar:" +
  "/usr/share/java/netty-codec.jar";

/** Where ZooKeeper is, or why there is none. */
export type Availability =
  | { readonly available: true; readonly classPath: string }
  | { readonly available: false; readonly reason: string };

let remembered: Availability | undefined;

/** Whether ZooKeeper can be started here. Looks once per process. */
export function zooKeeperAvailable(): Availability {
  return remembered ??= lookForZooKeeper();
}

function lookForZooKeeper(): Availability {
  const given = Deno.env.get("RPC_TEST_ZOOKEEPER");
  const classPath = given === undefined ? debianClassPath : classPathOf(given);
  // An entry that ends in an asterisk stands for the jars of a directory.
  const missing = classPath.split(":").find((entry) => !exists(entry.replace(/\*$/, "")));
  if (missing !== undefined) {
    const how = given === undefined ? "RPC_TEST_ZOOKEEPER is not set" : "see RPC_TEST_ZOOKEEPER";
    return { available: false, reason: `there is no ${missing}, ${how}` };
  }
  try {
    const java = new Deno.Command("java", { args: ["-version"], stdout: "null", stderr: "null" });
    if (!java.outputSync().success) return { available: false, reason: "java -version fails" };
  } catch {
    return { available: false, reason: "java is not on the PATH" };
  }
  return { available: true, classPath };
}

/** A test that needs a real ZooKeeper. `fn` starts what it needs. */
export function zooKeeperTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  const found = zooKeeperAvailable();
  if (found.available) return Deno.test(name, fn);
  if (Deno.env.get("RPC_TEST_REQUIRE_ZOOKEEPER") === "1") {
    Deno.test(name, () => {
      throw new Error(`A ZooKeeper is required (RPC_TEST_REQUIRE_ZOOKEEPER=1): ${found.reason}`);
    });
    return;
  }
  Deno.test({ ...skippedIf(found.reason, name), fn });
}

/**
 * One server for all tests of a file, started before the first of them and ended after the last: to
 * be called at the top of the file. A test that changes the server leaves it serving; tests keep
 * apart by chroots. Returns what gives the server inside a test.
 */
export function sharedZooKeeper(options: ZooKeeperServerOptions = {}): () => ZooKeeperServer {
  let server: ZooKeeperServer | undefined;
  Deno.test.beforeAll(async () => {
    if (zooKeeperAvailable().available) server = await startZooKeeper(options);
  });
  Deno.test.afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  return () => {
    if (server === undefined) throw new Error("The shared ZooKeeper has not been started");
    return server;
  };
}

/** Starts one server, and resolves when it serves. */
export async function startZooKeeper(
  options: ZooKeeperServerOptions = {},
): Promise<ZooKeeperServer> {
  const server = new ServerProcess(options.host === undefined ? freePort() : 2181, options);
  return await started([server], () => server);
}

/** Starts an ensemble, and resolves when each member serves. */
export async function startEnsemble(
  size = 3,
  options: ZooKeeperServerOptions = {},
): Promise<ZooKeeperEnsemble> {
  const peers = Array.from(
    { length: size },
    () => `127.0.0.1:${freePort()}:${freePort()};127.0.0.1:${freePort()}`,
  );
  const quorum = Object.fromEntries(peers.map((peer, index) => [`server.${index + 1}`, peer]));
  const members = peers.map((peer, index) => {
    const port = Number(peer.slice(peer.lastIndexOf(":") + 1));
    const config = { initLimit: 20, syncLimit: 5, ...quorum, ...options.config };
    return new ServerProcess(port, { ...options, config }, index + 1);
  });
  return await started(members, () => ({
    members,
    connectString: members.map((member) => member.connectString).join(","),
    leader: () =>
      waitFor("a ZooKeeper leader", async () => {
        for (const member of members) if (await member.mode() === "leader") return member;
        return undefined;
      }, { timeoutMs: startTimeoutMs, periodMs: 50 }),
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    },
  }));
}

/** Starts processes together; where one does not come up, none is left behind. */
async function started<Value>(servers: ServerProcess[], value: () => Value): Promise<Value> {
  try {
    for (const server of servers) server.start();
    await Promise.all(servers.map((server) => server.serves()));
    return value();
  } catch (error) {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    throw error;
  }
}

class ServerProcess implements ZooKeeperServer {
  readonly port: number;
  readonly #directory = Deno.makeTempDirSync({ prefix: "zookeeper_" });
  readonly #ensembleId: number | undefined;
  readonly #host: NonNullable<ZooKeeperServerOptions["host"]>;
  readonly #systemProperties: readonly string[];
  #process: Deno.ChildProcess | undefined;
  #pid = 0;
  /** Whether the process ended by itself, as one does whose port is taken. */
  #hasEnded = false;

  /**
   * `ensembleId`: its number among the members; then the client port stands in the server lines.
   */
  constructor(port: number, options: ZooKeeperServerOptions, ensembleId?: number) {
    this.port = port;
    this.#ensembleId = ensembleId;
    this.#host = options.host ?? { address: "127.0.0.1", command: [] };
    this.#systemProperties = Object.entries(options.systemProperties ?? {})
      .map(([key, value]) => `-D${key}=${value}`);
    const ownPort = ensembleId === undefined
      ? { clientPort: port, clientPortAddress: this.#host.address }
      : {};
    const config = {
      tickTime: options.tickTimeMs ?? 200,
      dataDir: "data",
      ...ownPort,
      maxClientCnxns: 0,
      "admin.enableServer": false,
      "4lw.commands.whitelist": "srvr",
      ...options.config,
    };
    const lines = Object.entries(config).map(([key, value]) => `${key}=${value}\n`);
    Deno.writeTextFileSync(`${this.#directory}/zoo.cfg`, lines.join(""));
    this.#makeDataDirectory();
  }

  get connectString(): string {
    return `${this.#host.address}:${this.port}`;
  }

  get pid(): number {
    return this.#pid;
  }

  get logFile(): string {
    return `${this.#directory}/log`;
  }

  start(): void {
    const found = zooKeeperAvailable();
    if (!found.available) throw new Error(`Cannot start ZooKeeper: ${found.reason}`);
    // Through a shell, only for the log file; `exec` leaves no process between us and Java.
    // Java finds files whose names are not ASCII by the locale: it gets one, and is where they are.
    const process = new Deno.Command("sh", {
      cwd: this.#directory,
      env: { LC_ALL: "C.UTF-8" },
      args: ["-c", 'exec "$@" >>log 2>&1', "sh", ...[
        ...[...this.#host.command, "java"],
        ...["-Xms32m", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"],
        // Tests kill processes, not machines: nothing is gained by waiting for the disk.
        "-Dzookeeper.forceSync=no",
        ...this.#systemProperties,
        ...["-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", found.classPath],
        "org.apache.zookeeper.server.quorum.QuorumPeerMain",
        "zoo.cfg",
      ]],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#process = process;
    this.#pid = process.pid;
    this.#hasEnded = false;
    process.status.then(() => {
      if (this.#process === process) this.#hasEnded = true;
    });
  }

  async serves(): Promise<void> {
    await waitFor(
      () => `ZooKeeper on port ${this.port} to serve; its log ends:\n${this.#logTail()}`,
      async () => {
        if (this.#hasEnded) {
          throw new Error(
            `ZooKeeper on port ${this.port} ended; its log ends:\n${this.#logTail()}`,
          );
        }
        return await this.mode() !== undefined;
      },
      { timeoutMs: startTimeoutMs, periodMs: 25 },
    );
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return;
    const process = this.#process;
    this.#process = undefined;
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await process.status;
  }

  pause(): void {
    this.#process?.kill("SIGSTOP");
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  endedBecause(): string | undefined {
    return this.#hasEnded ? this.#logTail() : undefined;
  }

  async restart({ wipe = false }: { readonly wipe?: boolean } = {}): Promise<void> {
    await this.stop();
    if (wipe) {
      await Deno.remove(`${this.#directory}/data`, { recursive: true });
      this.#makeDataDirectory();
    }
    this.start();
    await this.serves();
  }

  async mode(): Promise<string | undefined> {
    const { address, command } = this.#host;
    const answer = command.length === 0
      ? await fourLetterWord(this.port, "srvr")
      : await fourLetterWordThere(command, `${address}/${this.port}`, "srvr");
    return /^Mode: (\w+)$/m.exec(answer)?.[1];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }

  #makeDataDirectory(): void {
    Deno.mkdirSync(`${this.#directory}/data`);
    if (this.#ensembleId !== undefined) {
      Deno.writeTextFileSync(`${this.#directory}/data/myid`, `${this.#ensembleId}\n`);
    }
  }

  #logTail(): string {
    if (!exists(this.logFile)) return "(nothing was written)";
    return Deno.readTextFileSync(this.logFile).split("\n").slice(-15).join("\n");
  }
}

/** {@link fourLetterWord} from another host, which only a process there can ask from. */
async function fourLetterWordThere(
  command: readonly string[],
  address: string,
  word: string,
): Promise<string> {
  const script = `exec 3<>/dev/tcp/${address} && printf ${word} >&3 && cat <&3`;
  const [program = "", ...args] = [...command, "timeout", "1", "bash", "-c", script];
  const { stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

/**
 * Asks for one of the commands that ZooKeeper answers outside its protocol; empty if it does not.
 */
async function fourLetterWord(port: number, word: string): Promise<string> {
  let socket: Deno.TcpConn;
  try {
    socket = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return "";
  }
  const limit = setTimeout(() => socket.close(), 1_000);
  try {
    await socket.write(new TextEncoder().encode(word));
    return await new Response(socket.readable).text();
  } catch {
    return "";
  } finally {
    clearTimeout(limit);
    try {
      socket.close();
    } catch {
      // Reading to the end has closed it.
    }
  }
}

function classPathOf(given: string): string {
  return exists(`${given}/lib`) ? `${given}/lib/*` : given;
}
