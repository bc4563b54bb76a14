/** A client for tests: it records what it is told, and is closed at the end of the test. */

import { systemClock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { ZooKeeperClient, type ZooKeeperOptions } from "../../src/zookeeper/client.ts";
import type { ZooKeeperError } from "../../src/zookeeper/errors.ts";
import type { ZooKeeperState } from "../../src/zookeeper/session.ts";
import type { WatchEvent } from "../../src/zookeeper/watchers.ts";
import { startTcpProxy } from "../support/tcp_proxy.ts";
import { waitFor } from "../support/wait_for.ts";
import type { ZooKeeperServer } from "../support/zookeeper_server.ts";

/**
 * So long that no slow machine ends a session; a test that waits for the end of one asks for less.
 */
export const sessionTimeoutMs = 30_000;

/** A client and what it has reported. */
export interface ClientFixture extends AsyncDisposable {
  readonly client: ZooKeeperClient;
  readonly states: ZooKeeperState[];
  readonly connectFailures: ZooKeeperError[];
  /** What was logged as an error. */
  readonly errors: unknown[];
  /** Resolves when the state was reported for the `count`-th time. */
  reached(state: ZooKeeperState, count?: number, timeoutMs?: number): Promise<void>;
}

/** A client that has not been told to connect yet. */
export function newClient(
  connectString: string,
  options: Partial<ZooKeeperOptions> = {},
): ClientFixture {
  const states: ZooKeeperState[] = [];
  const connectFailures: ZooKeeperError[] = [];
  const errors: unknown[] = [];
  const log: Logger = { ...silentLogger, error: (_message, fields) => errors.push(fields?.error) };
  const client = new ZooKeeperClient({
    connectString,
    sessionTimeoutMs,
    connectTimeoutMs: 30_000,
    clock: systemClock,
    random: systemRandom,
    log,
    onState: (state) => states.push(state),
    onConnectFailure: (error) => connectFailures.push(error),
    ...options,
  });
  return {
    client,
    states,
    connectFailures,
    errors,
    async reached(state, count = 1, timeoutMs = 180_000) {
      await waitFor(
        () => `${state} to be reached ${count} times; there were ${states.join(", ")}`,
        () => states.filter((s) => s === state).length >= count,
        { timeoutMs },
      );
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** A client that is connected, and whose chroot is there. */
export async function connectedClient(
  connectString: string,
  options: Partial<ZooKeeperOptions> = {},
): Promise<ClientFixture> {
  const fixture = newClient(connectString, options);
  try {
    await fixture.client.connect(180_000);
    await fixture.client.ensurePath("/");
    return fixture;
  } catch (error) {
    await fixture.client.close();
    throw error;
  }
}

/** A watcher that keeps what it is told. */
export function recorder(): { readonly events: WatchEvent[]; watch(event: WatchEvent): void } {
  const events: WatchEvent[] = [];
  return { events, watch: (event) => events.push(event) };
}

/** Resolves when a recorder has been told of so many events. */
export function seen(events: readonly unknown[], count: number): Promise<unknown> {
  return waitFor(
    () => `${count} events; there are ${events.length}`,
    () => events.length >= count,
  );
}

/** Two clients on one chroot: one that watches, through a proxy, and one that changes things. */
export async function watchingPair(server: Pick<ZooKeeperServer, "port" | "connectString">) {
  const chroot = ownChroot("");
  const proxy = startTcpProxy({ targetPort: server.port });
  const writer = await connectedClient(server.connectString + chroot);
  const reader = await connectedClient(`127.0.0.1:${proxy.port}${chroot}`);
  return {
    proxy,
    reader,
    writer: writer.client,
    client: reader.client,
    async [Symbol.asyncDispose]() {
      await Promise.all([reader.client.close(), writer.client.close()]);
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** For `assert.rejects`: an error with this code. */
export function withCode(code: ZooKeeperError["code"]): { name: string; code: string } {
  return { name: "ZooKeeperError", code };
}

/** Data as text. */
export function textOf({ data }: { readonly data: Uint8Array }): string {
  return new TextDecoder().decode(data);
}

let chroots = 0;

/** A connect string with a chroot that no other test of this process uses. */
export function ownChroot(connectString: string): string {
  return `${connectString}/test-${chroots++}`;
}
