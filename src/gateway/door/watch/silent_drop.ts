import type { AcceptedSocket, AcceptedSockets } from "../../../base/system/accepted_sockets.ts";
import { openCLibrary } from "../../../base/system/c_library.ts";

/** Constants of Linux. */
const duplicateDescriptor = 1030;
const socketLevel = 1;
const attachFilter = 26;
const lingerOption = 13;
const shutdownBoth = 2;
/** To read and discard without a copy (`MSG_TRUNC`), and without a wait (`MSG_DONTWAIT`). */
const discardNow = 0x20 | 0x40;

/** How much is discarded in a call, and in how many: more than the system holds. */
const discardBytes = 1n << 24n;
const discardsMax = 64;

const functions = {
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  recv: { parameters: ["i32", "pointer", "usize", "i32"], result: "isize" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** A program of the classic packet filter that lets nothing pass: `ret #0`. */
const nothingPasses = new Uint8Array([0x06, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Makes connections of this process silent, from any of its threads: the system drops whatever
 * comes on one, and what has come and was not read is discarded, so that who reads it finds
 * nothing. Its peer is told nothing, and waits. Only on Linux.
 */
export class SilentDrop {
  readonly #library: Deno.DynamicLibrary<typeof functions>;
  readonly #sockets: Pick<AcceptedSockets, "at">;
  /** `struct sock_fprog`. */
  readonly #filter = new DataView(new ArrayBuffer(16));

  private constructor(
    library: Deno.DynamicLibrary<typeof functions>,
    sockets: Pick<AcceptedSockets, "at">,
  ) {
    this.#library = library;
    this.#sockets = sockets;
    const program = Deno.UnsafePointer.value(Deno.UnsafePointer.of(nothingPasses));
    this.#filter.setUint16(0, 1, true);
    this.#filter.setBigUint64(8, BigInt(program), true);
  }

  /** `undefined` where the system does not offer it. */
  static open(sockets: Pick<AcceptedSockets, "at">): SilentDrop | undefined {
    const library = openCLibrary(functions);
    return library === undefined ? undefined : new SilentDrop(library, sockets);
  }

  /**
   * Makes a connection silent.
   *
   * @param port the port that it has come to
   * @returns has it reset; `undefined`: there is no such connection any more
   */
  drop({ descriptor, peer }: Pick<AcceptedSocket, "descriptor" | "peer">, port: number):
    | (() => void)
    | undefined {
    const { fcntl, setsockopt, recv, close } = this.#library.symbols;
    // The descriptor may become another connection's meanwhile, and this one cannot.
    const own = fcntl(descriptor, duplicateDescriptor, 0);
    if (own < 0) return undefined;
    if (
      this.#sockets.at(own, port)?.peer !== peer ||
      setsockopt(own, socketLevel, attachFilter, this.#bytes(), 16) !== 0
    ) {
      close(own);
      return undefined;
    }
    for (let count = 0; count < discardsMax; count++) {
      if (recv(own, null, discardBytes, discardNow) <= 0n) break;
    }
    return () => this.#reset(own);
  }

  close(): void {
    this.#library.close();
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#filter.buffer);
  }

  #reset(own: number): void {
    const { setsockopt, shutdown, close } = this.#library.symbols;
    // Otherwise the system waits for its peer to confirm the end, which it does not hear.
    setsockopt(own, socketLevel, lingerOption, new Int32Array([1, 0]), 8);
    shutdown(own, shutdownBoth);
    close(own);
  }
}
