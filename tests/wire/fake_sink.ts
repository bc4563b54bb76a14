import assert from "node:assert/strict";
import { LentBytes } from "../../src/base/spare_buffers.ts";
import type { Sink } from "../../src/wire/outbox.ts";
import { settled } from "../support/virtual_clock.ts";

/** Keeps each write until the test answers it with how many bytes it took, or with a failure. */
export class FakeSink implements Sink {
  readonly writes: string[] = [];
  taken = "";
  #answers: { bytes: Uint8Array; done: PromiseWithResolvers<number> }[] = [];

  write(bytes: Uint8Array): Promise<number> {
    this.writes.push(new TextDecoder().decode(bytes));
    const done = Promise.withResolvers<number>();
    this.#answers.push({ bytes: bytes.slice(), done });
    return done.promise;
  }

  get waiting(): number {
    return this.#answers.length;
  }

  /** Takes `count` bytes of the oldest write, all by default, and lets the outbox go on. */
  async take(count = Infinity): Promise<void> {
    const { bytes, done } = this.#next();
    const taken = bytes.subarray(0, Math.min(count, bytes.length));
    this.taken += new TextDecoder().decode(taken);
    done.resolve(taken.length);
    await settled();
  }

  async fail(error: Error): Promise<void> {
    this.#next().done.reject(error);
    await settled();
  }

  #next() {
    const answer = this.#answers.shift();
    assert.ok(answer !== undefined, "no write is waiting");
    return answer;
  }
}

/** A line around so many bytes. */
export function longLine(length: number, mark: string) {
  const body = new LentBytes(new TextEncoder().encode(mark.repeat(length)));
  const line = { head: `<${mark}`, body, tail: `${mark}>\n`, length: length + 5 };
  return { line, text: `<${mark}${mark.repeat(length)}${mark}>\n` };
}
