import { addressOf } from "../../../base/names/host_port.ts";
import type { Duplex, Transport } from "../../../client/transport.ts";
import type { Instance, InstanceSource, Watch } from "../../../discovery/discovery.ts";
import type { Begun } from "./begun.ts";
import type { ExchangeSoFar } from "./exchange.ts";

/**
 * A call that was sent to a server before there was a client, or only the greeting before it. It is
 * handed to a client as what that will see when it does the same: a registry that lists this server
 * first, and a connection to it that takes the lines that were sent already, and then gives what
 * came.
 */
export class BegunCall implements Begun {
  readonly takenMs: number;
  readonly #server: Instance;
  /** Resolves when the registry has said which other servers there are, or that it cannot. */
  readonly #listed = Promise.withResolvers<void>();
  readonly #stream: RepeatedStream;
  #isTaken = false;

  constructor(server: Instance, soFar: ExchangeSoFar, takenMs: number) {
    this.takenMs = takenMs;
    this.#server = server;
    // A server's refusal would be the last word while the client knows of no other.
    this.#stream = new RepeatedStream(soFar, this.#listed.promise);
  }

  /**
   * The registry, in which only this server is found before the client has written the lines to it
   * that were sent, or has given up its connection.
   */
  source(registry: InstanceSource): InstanceSource {
    const server = this.#server;
    const { settled } = this.#stream;
    const { resolve: tellListed } = this.#listed;
    return {
      url: registry.url,
      place: registry.place,
      watch(service, watcher) {
        let watch: Watch | undefined;
        let isOpen = true;
        queueMicrotask(() => {
          const instances = [server];
          if (!isOpen) return;
          watcher.snapshot({ instances, stale: false }, { listed: instances, unlisted: [] });
        });
        const goOn = () => {
          let isFirst = true;
          if (!isOpen) return;
          watch = registry.watch(service, {
            snapshot(list, { listed, unlisted }) {
              const isGone = isFirst && !list.instances.some((one) => isSame(one, server));
              isFirst = false;
              watcher.snapshot(list, { listed, unlisted: isGone ? [server] : unlisted });
              tellListed();
            },
            trouble(error) {
              watcher.trouble(error);
              tellListed();
            },
          });
        };
        void settled.then(goOn);
        return {
          close() {
            isOpen = false;
            watch?.close();
            tellListed();
          },
        };
      },
    };
  }

  /**
   * Gives the connection to whoever connects to the server first, and then connects anew. It no
   * more connects if the call was sent, and the client has given up the connection without knowing:
   * the client would send the call again, which may run.
   */
  transport(own: Transport): Transport {
    return {
      ...own,
      connect: async (target, signal) => {
        if (this.#isTaken) {
          this.#stream.assertFollowed();
          return await own.connect(target, signal);
        }
        this.#isTaken = true;
        return this.#stream;
      },
    };
  }
}

function isSame(one: Instance, other: Instance): boolean {
  return addressOf(one) === addressOf(other);
}

/**
 * A stream that begins once more: what was written is to be written again, and is not sent; what
 * was read before is read again, each part after the lines that it came after.
 */
class RepeatedStream implements Duplex {
  readonly #soFar: ExchangeSoFar;
  readonly #repeated = Promise.withResolvers<void>();
  readonly #greeted = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<never>();
  readonly #utf8 = new TextDecoder();
  /** Lines that are still to be written again. */
  readonly #lines: string[];
  /** What was written of the next one. */
  #begun = "";
  #isOpen = true;
  /** What is to be read again, part by part. */
  readonly #parts: (() => Promise<Uint8Array | null> | undefined)[];
  #rest: Uint8Array = new Uint8Array(0);

  /** @param listed resolves when an answer may be read */
  constructor(soFar: ExchangeSoFar, listed: Promise<void>) {
    this.#soFar = soFar;
    this.#lines = [...soFar.greeting, ...soFar.call === undefined ? [] : [soFar.call]];
    this.#parts = [
      () => this.#greeted.promise.then(() => soFar.greeted),
      () => Promise.all([this.#repeated.promise, listed]).then(() => soFar.came),
      () => soFar.next,
    ];
    // Whoever reads is told, if anybody does.
    this.#closed.promise.catch(() => {});
  }

  get validToMs(): number | undefined {
    return this.#soFar.connection.validToMs;
  }

  get usableToMs(): number | undefined {
    return this.#soFar.connection.usableToMs;
  }

  /** Resolves when all was written again, or the stream is closed. */
  get settled(): Promise<void> {
    return Promise.race([this.#repeated.promise, this.#closed.promise.catch(() => {})]);
  }

  /** @throws {Error} it was closed before the client has written the call, which was sent */
  assertFollowed(): void {
    if (this.#isOpen || this.#soFar.call === undefined || this.#lines.length === 0) return;
    throw new Error("Cannot send the call again: it was sent, and may run");
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#rest.length === 0) {
      const part = this.#parts.shift();
      if (part === undefined) return await this.#soFar.connection.read(buffer);
      const bytes = await Promise.race([part(), this.#closed.promise]);
      if (bytes === null) return null;
      if (bytes !== undefined) this.#rest = bytes;
    }
    const bytes = this.#rest.subarray(0, buffer.length);
    buffer.set(bytes);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes.length;
  }

  /** @throws {Error} it is not what was written before: the call may run, and cannot be followed */
  async write(bytes: Uint8Array): Promise<number> {
    if (this.#lines.length === 0) {
      await this.#soFar.sending;
      return await this.#soFar.connection.write(bytes);
    }
    this.#begun += this.#utf8.decode(bytes, { stream: true });
    for (let end = this.#begun.indexOf("\n"); end >= 0; end = this.#begun.indexOf("\n")) {
      const line = this.#begun.slice(0, end + 1);
      this.#begun = this.#begun.slice(end + 1);
      const before = this.#lines.shift();
      if (before === undefined || withoutTime(line) !== withoutTime(before)) {
        throw new Error(`Cannot go on with the call: ${before} was sent before, and not ${line}`);
      }
      if (this.#lines.length <= (this.#soFar.call === undefined ? 0 : 1)) this.#greeted.resolve();
      if (this.#lines.length === 0) this.#repeated.resolve();
    }
    return bytes.length;
  }

  /** Ends the connection: a read under way rejects. */
  close(): void {
    this.#isOpen = false;
    this.#closed.reject(new Error("The connection is closed"));
    this.#soFar.connection.close();
  }
}

/** A line without what the client says last: how much time is left, which is less by now. */
function withoutTime(line: string): string {
  return line.slice(0, line.lastIndexOf(',"meta":'));
}
