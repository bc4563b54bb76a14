/**
 * Hosts with addresses of their own on one wire or one switch, whose plugs can be pulled: network
 * namespaces of Linux. Nothing of the machine's own network is touched, or reached from within.
 */

import { exists } from "../../src/base/paths.ts";

/** Why there can be no such network here; `undefined`: there can. */
export function networkMissing(): string | undefined {
  if (Deno.build.os !== "linux") return "network namespaces are Linux's";
  if (Deno.uid() !== 0) return "only root makes network namespaces";
  const name = `${prefix}${Deno.pid}-try`;
  try {
    ip("netns", "add", name);
    ip("-n", name, "link", "add", "switch", "type", "bridge");
    ip("netns", "del", name);
    return undefined;
  } catch (error) {
    return `${error instanceof Error ? error.message : error}`;
  }
}

/** What the names of all namespaces here begin with; the pid of the test's process follows. */
const prefix = "rpc-test-";

let count = 0;

/**
 * Such a network: of two hosts with a wire between them, of more with a switch. Disposing of it
 * takes it away, whatever still runs in it.
 */
export class Network implements Disposable {
  readonly #name = `${prefix}${Deno.pid}-${++count}`;
  readonly #namespaces: string[] = [];

  /** `addresses`: the hosts, each in 192.168.0.0/24. */
  constructor(addresses: readonly string[]) {
    removeLeftovers();
    try {
      for (const address of addresses) this.#namespace(address);
      const [one = "", other = ""] = this.#namespaces;
      if (addresses.length === 2) {
        ip(
          "-n",
          one,
          "link",
          "add",
          "wire",
          "type",
          "veth",
          "peer",
          "name",
          "wire",
          "netns",
          other,
        );
      } else this.#connectBySwitch(addresses);
      for (const address of addresses) {
        const host = this.#nameOf(address);
        ip("-n", host, "addr", "add", `${address}/24`, "dev", "wire");
        for (const device of ["lo", "wire"]) ip("-n", host, "link", "set", device, "up");
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #connectBySwitch(addresses: readonly string[]): void {
    const hub = this.#namespace("switch");
    ip("-n", hub, "link", "add", "switch", "type", "bridge");
    ip("-n", hub, "link", "set", "switch", "up");
    for (const address of addresses) {
      const port = portOf(address);
      const host = this.#nameOf(address);
      ip("-n", hub, "link", "add", port, "type", "veth", "peer", "name", "wire", "netns", host);
      ip("-n", hub, "link", "set", port, "master", "switch", "up");
    }
  }

  /** The words before a command that has it run on a host. They leave no process between. */
  on(address: string): readonly string[] {
    return ["ip", "netns", "exec", this.#nameOf(address)];
  }

  /**
   * Takes a host off the switch: what it sends is lost, and so is what is sent to it, and nobody is
   * told.
   */
  pull(address: string): void {
    this.#setPort(address, "disabled");
  }

  /** Puts it back. */
  plugIn(address: string): void {
    this.#setPort(address, "forwarding");
  }

  /** Not by the link itself, of whose coming up a switch of Linux may learn a second later. */
  #setPort(address: string, state: "disabled" | "forwarding"): void {
    const args = ["-n", this.#nameOf("switch"), "link", "set", "dev", portOf(address), "state"];
    run("bridge", [...args, state === "disabled" ? "0" : "3"]);
  }

  /**
   * Turns a host's own interface off, or on again. Its programs are told that there is no network;
   * another host on the same wire sees that nobody is there, and its programs do not.
   */
  turn(address: string, state: "off" | "on"): void {
    ip("-n", this.#nameOf(address), "link", "set", "wire", state === "off" ? "down" : "up");
  }

  /**
   * Has one host know the other's hardware address for good, as that of a router that is always
   * there. The kernel asks for one that it does not hear only once a second, which no program can
   * hasten.
   */
  introduce(host: string, other: string): void {
    const [{ address }] = JSON.parse(ip("-j", "-n", this.#nameOf(other), "link", "show", "wire"));
    ip("-n", this.#nameOf(host), "neigh", "replace", other, "lladdr", address, "dev", "wire");
  }

  [Symbol.dispose](): void {
    for (const name of this.#namespaces.splice(0)) ip("netns", "del", name);
  }

  #namespace(host: string): string {
    const name = this.#nameOf(host);
    ip("netns", "add", name);
    this.#namespaces.push(name);
    return name;
  }

  #nameOf(host: string): string {
    return `${this.#name}-${host}`;
  }
}

/** Names of devices have at most 15 characters. */
function portOf(address: string): string {
  return `port-${address.split(".").at(-1)}`;
}

/** Those of test processes that were killed, and could not clean up. */
function removeLeftovers(): void {
  for (const { name } of readDirectory("/run/netns")) {
    const [, pid] = /^rpc-test-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || exists(`/proc/${pid}`)) continue;
    try {
      ip("netns", "del", name);
    } catch (error) {
      // Another process of tests may have been quicker.
      if (exists(`/run/netns/${name}`)) throw error;
    }
  }
}

function ip(...args: readonly string[]): string {
  return run("ip", args);
}

function run(program: string, args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args: [...args] }).outputSync();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
}

function readDirectory(path: string): Deno.DirEntry[] {
  return exists(path) ? [...Deno.readDirSync(path)] : [];
}
