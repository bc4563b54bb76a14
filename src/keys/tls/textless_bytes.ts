import { systemClock, type Timer } from "../../base/clock.ts";
import { collectGarbage } from "../../base/system/spare_memory.ts";

/** A connection of TLS, or what is to be one. */
interface Source {
  /** How much has come, that of TLS itself included. */
  bytesRead(): number;
  /** How much text that was. */
  textBytes(): number;
  /** Ends the connection. */
  end(): void;
}

/**
 * How much may come that gives no text: a handshake, or what TLS says after it, hardly takes a
 * tenth of it.
 */
const textlessBytesMax = 128 * 1024;

/** How often to look, in milliseconds. */
const lookMs = 100;

/** How much of what was kept for connections that were ended may wait to be collected. */
const garbageBytesMax = 64 * 1024 * 1024;

/**
 * The connections whose peers may send a message of TLS without an end. Deno keeps all that comes
 * once one is longer than its TLS library takes, without a bound and without an error, also in a
 * handshake: one stranger who sent fast took a server to a gigabyte within seconds, and a host that
 * a hostile registry listed did so to each client.
 */
class TextlessBytes {
  readonly #watched = new Map<Source, { bytes: number; text: number }>();
  #timer: Timer | undefined;
  #garbageBytes = 0;

  watch(source: Source): Timer {
    this.#watched.set(source, { bytes: 0, text: 0 });
    this.#timer ??= systemClock.every(lookMs, () => this.#look());
    return { cancel: () => this.#forget(source) };
  }

  #forget(source: Source): void {
    this.#watched.delete(source);
    if (this.#watched.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    for (const [source, last] of this.#watched) {
      const text = source.textBytes();
      const bytes = source.bytesRead();
      if (text !== last.text) {
        last.text = text;
        last.bytes = bytes;
      } else if (bytes - last.bytes > textlessBytesMax) {
        this.#garbageBytes += bytes - last.bytes;
        this.#forget(source);
        source.end();
      }
    }
    if (this.#garbageBytes < garbageBytesMax) return;
    this.#garbageBytes = 0;
    // It is not V8's, which sees no reason to collect. By then the sockets are closed.
    systemClock.after(lookMs, collectGarbage, { keepAlive: false });
  }
}

const textlessBytes = new TextlessBytes();

/**
 * Ends a connection on which much comes that gives no text.
 *
 * @returns what to cancel once the connection is over
 */
export function boundTextless(source: Source): Timer {
  return textlessBytes.watch(source);
}
