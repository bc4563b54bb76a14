/** Memory and handles of processes over time, as `/proc` tells them. */

import assert from "node:assert/strict";

interface Sample {
  readonly rssMb: number;
  readonly handles: number;
}

/** What growth is none: a heap breathes, and connections come and go. */
const growthMax = { rssMb: 40, handles: 16 };

/** Follows some processes by name. */
export class Footprints {
  readonly #pids: Readonly<Record<string, number>>;
  readonly #samples = new Map<string, Sample[]>();

  constructor(pids: Readonly<Record<string, number>>) {
    this.#pids = pids;
  }

  /** Looks at each process now. */
  sample(): void {
    for (const [name, pid] of Object.entries(this.#pids)) {
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      const rssMb = Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024);
      const handles = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
      const samples = this.#samples.get(name) ?? [];
      samples.push({ rssMb, handles });
      this.#samples.set(name, samples);
    }
  }

  /** The medians of the second and of the last quarter: in the first one a process warms up. */
  summary(): Record<string, { readonly rssMb: string; readonly handles: string }> {
    return Object.fromEntries(
      [...this.#samples].map(([name, samples]) => {
        const { before, after } = quarters(samples);
        return [name, {
          rssMb: `${before.rssMb} -> ${after.rssMb}`,
          handles: `${before.handles} -> ${after.handles}`,
        }];
      }),
    );
  }

  /**
   * Fails if a process has grown from the second quarter of the time to the last.
   *
   * @param heldMb what a server may hold for clients of the moment, beside what is no growth
   */
  assertFlat(heldMb = 0): void {
    for (const [name, samples] of this.#samples) {
      const { before, after } = quarters(samples);
      assert.ok(
        after.rssMb - before.rssMb <= growthMax.rssMb + heldMb,
        `${name}: ${JSON.stringify(this.summary())}`,
      );
      assert.ok(
        after.handles - before.handles <= growthMax.handles,
        `${name}: ${JSON.stringify(this.summary())}`,
      );
    }
  }
}

function quarters(samples: readonly Sample[]): { before: Sample; after: Sample } {
  const quarter = Math.floor(samples.length / 4);
  return {
    before: median(samples.slice(quarter, 2 * quarter)),
    after: median(samples.slice(-quarter)),
  };
}

function median(samples: readonly Sample[]): Sample {
  const middle = (values: number[]) =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return {
    rssMb: middle(samples.map(({ rssMb }) => rssMb)),
    handles: middle(samples.map(({ handles }) => handles)),
  };
}
