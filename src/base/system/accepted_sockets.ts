import { openCLibrary } from "./c_library.ts";
import { isGranted } from "./is_granted.ts";

/** A connection that this process has accepted, as the system sees it. */
export interface AcceptedSocket {
  readonly descriptor: number;
  /** `host:port`, as the runtime writes it. */
  readonly peer: string;
  /** Bytes that have come and were read by this process. */
  readonly readBytes: number;
  /** Whether its peer sends nothing any more. */
  readonly isEnded: boolean;
}

/** Constants of Linux. */
const family = { ipv4: 2, ipv6: 10 } as const;
const tcpInfo = { level: 6, option: 11, bytes: 136, stateAt: 0, receivedAt: 128 } as const;
/** The state of a connection whose peer has closed it, or its half of it. */
const closeWait = 8;

const inputQueueLength = 0x541B;
const shutdownHow = { read: 0, both: 2 } as const;
const receiveBuffer = { level: 1, option: 8 } as const;
const noDelay = { level: 6, option: 1 } as const;

const duplicateDescriptor = 1030;

/** Size of the longer form of an address, `sockaddr_in6`. */
const addressBytes = 28;

/** Where its port is. */
const portAt = 2;

/** How far from where it should be a connection is looked for: half a millisecond's work. */
const searchedMax = 512;

const functions = {
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** `getsockname` or `getpeername`. */
type AddressFunction = (
  descriptor: number,
  address: Uint8Array<ArrayBuffer>,
  length: DataView<ArrayBuffer>,
) => number;

/**
 * The accepted connections of this process, for what the runtime's HTTP server does not show: those
 * without a request, and what has come on each. Only on Linux.
 */
export class AcceptedSockets {
  readonly #library: Deno.DynamicLibrary<typeof functions>;
  readonly #address = new Uint8Array(addressBytes);
  readonly #addressView = new DataView(this.#address.buffer);
  readonly #info = new DataView(new ArrayBuffer(tcpInfo.bytes));
  readonly #length = new DataView(new ArrayBuffer(4));
  /** The descriptor of the last connection that was kept, or of the listener before. */
  #lastKept = 0;

  private constructor(library: Deno.DynamicLibrary<typeof functions>) {
    this.#library = library;
  }

  /** `undefined` where the system does not show them, or may not be asked. */
  static open(): AcceptedSockets | undefined {
    if (Deno.build.os !== "linux" || !isGranted({ name: "ffi" })) return undefined;
    const library = openCLibrary(functions);
    return library === undefined ? undefined : new AcceptedSockets(library);
  }

  /**
   * All descriptors of this process, of files too; it takes some microseconds for each, on another
   * thread. Rejects where `/proc` is missing.
   */
  async descriptors(): Promise<number[]> {
    return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).map(({ name }) => Number(name));
  }

  /** The same at once. */
  descriptorsNow(): number[] {
    return Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => Number(name));
  }

  /** What is accepted on that port and has that descriptor; `undefined` if nothing is. */
  at(descriptor: number, port: number): AcceptedSocket | undefined {
    const { getsockname } = this.#library.symbols;
    if (this.#addressBy(getsockname, descriptor)?.port !== port) return undefined;
    const peer = this.#peer(descriptor);
    const readBytes = this.readBytes(descriptor);
    // The listener itself has no peer.
    if (peer === undefined || readBytes === undefined) return undefined;
    const isEnded = this.#info.getUint8(tcpInfo.stateAt) === closeWait;
    return { descriptor, peer, readBytes, isEnded };
  }

  /** What has come on a connection and was read; `undefined` if it is none. */
  readBytes(descriptor: number): number | undefined {
    const { getsockopt, ioctl } = this.#library.symbols;
    this.#length.setInt32(0, tcpInfo.bytes, true);
    const { level, option } = tcpInfo;
    if (getsockopt(descriptor, level, option, this.#info, this.#length) !== 0) return undefined;
    const received = Number(this.#info.getBigUint64(tcpInfo.receivedAt, true));
    if (ioctl(descriptor, BigInt(inputQueueLength), this.#length) !== 0) return undefined;
    return received - this.#length.getInt32(0, true);
  }

  /**
   * If the descriptor is what listens on that port, readies the connections that are accepted from
   * now on. What is written on them goes out at once, and does not wait until the peer has
   * confirmed what was written before: the runtime does so without TLS alone (Deno 2.9.6).
   *
   * @param heldBytes how much the system holds of each that nobody has read, before its sender
   * waits; `undefined`: as it likes
   */
  prepare(descriptor: number, port: number, heldBytes: number | undefined): void {
    const { getsockname, setsockopt } = this.#library.symbols;
    const isListener = this.#addressBy(getsockname, descriptor)?.port === port &&
      this.#peer(descriptor) === undefined;
    if (!isListener) return;
    const set = ({ level, option }: { level: number; option: number }, value: number) =>
      setsockopt(descriptor, level, option, new Uint32Array([value]), 4);
    set(noDelay, 1);
    if (heldBytes !== undefined) set(receiveBuffer, heldBytes);
    this.#lastKept = descriptor;
  }

  /** Ends what comes on a connection: what has come is still read, and answers go out. */
  endInput(socket: AcceptedSocket): void {
    this.#shutdown(socket, shutdownHow.read);
  }

  /** Ends a connection, whatever its peer still sends. */
  end(socket: AcceptedSocket): void {
    this.#shutdown(socket, shutdownHow.both);
  }

  /**
   * Has the system keep a connection when the runtime closes it: its peer is sent all that was
   * written, and what it sends from then on waits unread. Returns how to let go of it; `undefined`
   * if there is no such connection, or its descriptor is far from that of the last one.
   *
   * @param peer `host:port`, as the runtime writes it
   * @param port the port that it has come to
   */
  keep(peer: string, port: number): (() => void) | undefined {
    const { close, fcntl } = this.#library.symbols;
    const descriptor = this.#find(peer, port);
    if (descriptor === undefined) return undefined;
    this.#lastKept = descriptor;
    const kept = fcntl(descriptor, duplicateDescriptor, 0);
    return kept < 0 ? undefined : () => void close(kept);
  }

  /** Goes outward from the last one, since connections that come and go have neighbouring ones. */
  #find(peer: string, port: number): number | undefined {
    const { getpeername } = this.#library.symbols;
    const peerPort = Number(peer.slice(peer.lastIndexOf(":") + 1));
    const isIt = (descriptor: number) =>
      descriptor >= 0 && this.#ask(getpeername, descriptor) &&
      this.#addressView.getUint16(portAt) === peerPort &&
      this.at(descriptor, port)?.peer === peer;
    for (let distance = 0; distance < searchedMax; distance++) {
      if (isIt(this.#lastKept + distance)) return this.#lastKept + distance;
      if (isIt(this.#lastKept - distance)) return this.#lastKept - distance;
    }
    return undefined;
  }

  close(): void {
    this.#library.close();
  }

  #shutdown({ descriptor, peer }: AcceptedSocket, how: number): void {
    // The descriptor may have become another one's. Only the main thread opens sockets.
    if (this.#peer(descriptor) === peer) this.#library.symbols.shutdown(descriptor, how);
  }

  #peer(descriptor: number): string | undefined {
    const peer = this.#addressBy(this.#library.symbols.getpeername, descriptor);
    return peer === undefined ? undefined : `${peer.host}:${peer.port}`;
  }

  #addressBy(
    ask: AddressFunction,
    descriptor: number,
  ): { readonly host: string; readonly port: number } | undefined {
    if (!this.#ask(ask, descriptor)) return undefined;
    const port = this.#addressView.getUint16(portAt);
    const kind = this.#addressView.getUint16(0, true);
    if (kind === family.ipv4) return { host: this.#address.slice(4, 8).join("."), port };
    return kind === family.ipv6 ? { host: ipv6(this.#address.subarray(8, 24)), port } : undefined;
  }

  /** Fills in the address. Returns whether there is one. */
  #ask(ask: AddressFunction, descriptor: number): boolean {
    this.#length.setInt32(0, addressBytes, true);
    return ask(descriptor, this.#address, this.#length) === 0;
  }
}

/** As the runtime writes it: an address of IPv4 in the form of IPv6 ends in decimal numbers. */
function ipv6(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(2 * index));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${bytes.slice(12).join(".")}`;
  const text = groups.map((group) => group.toString(16)).join(":");
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}
