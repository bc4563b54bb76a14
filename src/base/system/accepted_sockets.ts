import { mayCallCLibrary, openCLibrary } from "./c_library.ts";

/** A connection that this process has accepted, as the system sees it. */
export interface AcceptedSocket {
  readonly descriptor: number;
  /** `host:port`, as the runtime writes it. */
  readonly peer: string;
  /** Bytes that have come and were read by this process. */
  readonly readBytes: number;
}

/** Constants of Linux. */
const family = { ipv4: 2, ipv6: 10 } as const;
const tcpInfo = { level: 6, option: 11, bytes: 136, receivedAt: 128 } as const;
const inputQueueLength = 0x541B;
const shutdownHow = { read: 0, both: 2 } as const;
const receiveBuffer = { level: 1, option: 8 } as const;

/** Size of the longer form of an address, `sockaddr_in6`. */
const addressBytes = 28;

const functions = {
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
} as const;

/**
 * The accepted connections of this process, for what the runtime's HTTP server does not show: those
 * without a request, and what has come on each. Only on Linux.
 */
export class AcceptedSockets {
  readonly #library: Deno.DynamicLibrary<typeof functions>;
  readonly #address = new Uint8Array(addressBytes);
  readonly #info = new DataView(new ArrayBuffer(tcpInfo.bytes));
  readonly #length = new DataView(new ArrayBuffer(4));

  private constructor(library: Deno.DynamicLibrary<typeof functions>) {
    this.#library = library;
  }

  /** `undefined` where the system does not show them, or may not be asked. */
  static open(): AcceptedSockets | undefined {
    if (Deno.build.os !== "linux" || !mayCallCLibrary()) return undefined;
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

  /** What is accepted on that port and has that descriptor; `undefined` if nothing is. */
  at(descriptor: number, port: number): AcceptedSocket | undefined {
    const { getsockname } = this.#library.symbols;
    if (this.#addressBy(getsockname, descriptor)?.port !== port) return undefined;
    const peer = this.#peer(descriptor);
    const readBytes = this.#readBytes(descriptor);
    // The listener itself has no peer.
    if (peer === undefined || readBytes === undefined) return undefined;
    return { descriptor, peer, readBytes };
  }

  /**
   * If the descriptor is what listens on that port: has the system hold so many bytes that nobody
   * has read, of each connection that is accepted from now on. Then its sender waits.
   */
  holdLittle(descriptor: number, port: number, bytes: number): void {
    const { getsockname, setsockopt } = this.#library.symbols;
    const isListener = this.#addressBy(getsockname, descriptor)?.port === port &&
      this.#peer(descriptor) === undefined;
    const { level, option } = receiveBuffer;
    if (isListener) setsockopt(descriptor, level, option, new Uint32Array([bytes]), 4);
  }

  /** Ends what comes on a connection: what has come is still read, and answers go out. */
  endInput(socket: AcceptedSocket): void {
    this.#shutdown(socket, shutdownHow.read);
  }

  /** Ends a connection, whatever its peer still sends. */
  end(socket: AcceptedSocket): void {
    this.#shutdown(socket, shutdownHow.both);
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
    ask: (
      descriptor: number,
      address: Uint8Array<ArrayBuffer>,
      length: DataView<ArrayBuffer>,
    ) => number,
    descriptor: number,
  ): { readonly host: string; readonly port: number } | undefined {
    this.#length.setInt32(0, addressBytes, true);
    if (ask(descriptor, this.#address, this.#length) !== 0) return undefined;
    const view = new DataView(this.#address.buffer);
    const port = view.getUint16(2);
    const kind = view.getUint16(0, true);
    if (kind === family.ipv4) return { host: this.#address.slice(4, 8).join("."), port };
    return kind === family.ipv6 ? { host: ipv6(this.#address.subarray(8, 24)), port } : undefined;
  }

  #readBytes(descriptor: number): number | undefined {
    const { getsockopt, ioctl } = this.#library.symbols;
    this.#length.setInt32(0, tcpInfo.bytes, true);
    const { level, option } = tcpInfo;
    if (getsockopt(descriptor, level, option, this.#info, this.#length) !== 0) return undefined;
    const received = Number(this.#info.getBigUint64(tcpInfo.receivedAt, true));
    if (ioctl(descriptor, BigInt(inputQueueLength), this.#length) !== 0) return undefined;
    return received - this.#length.getInt32(0, true);
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
