import {
  type Duplex,
  type Target,
  tcpTransport,
  type Transport,
} from "../../src/client/transport.ts";

/** When things happened to the latest connection to a port, on the scale of `performance.now()`. */
export interface Tap {
  lastWriteAtMs: number;
  /** When its end was read; `undefined` while it is open. */
  endedAtMs: number | undefined;
  /** How often it was written to after its end had been read. */
  writesAfterEnd: number;
}

/** TCP that notes when each connection was last written to, and when it ended. */
export class TappedTransport implements Transport {
  readonly taps = new Map<number, Tap>();

  async connect(target: Target, signal: AbortSignal): Promise<Duplex> {
    const duplex = await tcpTransport.connect(target, signal);
    const tap: Tap = { lastWriteAtMs: 0, endedAtMs: undefined, writesAfterEnd: 0 };
    this.taps.set(target.port, tap);
    return {
      async read(buffer) {
        try {
          const bytes = await duplex.read(buffer);
          if (bytes === null) tap.endedAtMs ??= performance.now();
          return bytes;
        } catch (error) {
          tap.endedAtMs ??= performance.now();
          throw error;
        }
      },
      write(bytes) {
        tap.lastWriteAtMs = performance.now();
        if (tap.endedAtMs !== undefined) tap.writesAfterEnd++;
        return duplex.write(bytes);
      },
      close: () => duplex.close(),
    };
  }
}
