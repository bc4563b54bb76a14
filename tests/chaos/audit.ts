/** Comparing how calls ended for their callers with what the servers did. */

import assert from "node:assert/strict";

/** The one idempotent procedure. */
const mayRunTwice = "again";

/** How one call ended. */
export interface Outcome {
  readonly id: string;
  readonly method: string;
  /** `answered`, or `ErrorName:executed`. */
  readonly outcome: string;
  readonly server: string;
}

/** One line of the ledger: a call that ran, or began to. */
export interface Execution {
  readonly id: string;
  readonly server: string;
  readonly atMs: number;
}

/** What came of all calls of a test. */
export interface Audit {
  readonly sent: number;
  readonly answered: number;
  readonly executed: number;
  /** Failures by `method ErrorName:executed`. */
  readonly failed: Readonly<Record<string, number>>;
  readonly outcomes: readonly Outcome[];
  readonly executions: readonly Execution[];
}

/** Reads the file that a client wrote. */
export function readOutcomes(text: string): Outcome[] {
  return rows(text).map(([id = "", method = "", outcome = "", server = ""]) => ({
    id,
    method,
    outcome,
    server,
  }));
}

/** Reads the file that the procedures wrote. */
export function readLedger(text: string): Execution[] {
  return rows(text).map(([id = "", server = "", atMs]) => ({ id, server, atMs: Number(atMs) }));
}

/**
 * Fails unless nothing was lost: each call that was sent has ended, once; what was answered has
 * run; what must not run twice has not; and what failed as not executed was not.
 */
export function audit(
  sent: number,
  outcomes: readonly Outcome[],
  executions: readonly Execution[],
): Audit {
  const runs = new Map<string, number>();
  for (const { id } of executions) runs.set(id, (runs.get(id) ?? 0) + 1);
  assert.equal(outcomes.length, sent, "each call that was sent has ended");
  assert.equal(new Set(outcomes.map(({ id }) => id)).size, sent, "no call has ended twice");
  const failed: Record<string, number> = {};
  const faults: string[] = [];
  for (const { id, method, outcome } of outcomes) {
    const times = runs.get(id) ?? 0;
    if (method !== mayRunTwice && times > 1) faults.push(`${id} of ${method} ran ${times} times`);
    if (outcome === "answered") {
      if (times === 0) faults.push(`${id} was answered and has not run`);
      continue;
    }
    const kind = `${method} ${outcome}`;
    failed[kind] = (failed[kind] ?? 0) + 1;
    if (outcome.endsWith(":no") && times > 0) faults.push(`${id} failed as ${outcome} and has run`);
  }
  assert.deepEqual(faults.slice(0, 10), [], `${faults.length} faults`);
  return {
    sent,
    answered: outcomes.filter(({ outcome }) => outcome === "answered").length,
    executed: executions.length,
    failed,
    outcomes,
    executions,
  };
}

/** The failures of one method, by `ErrorName:executed`. */
export function failuresOf({ failed }: Audit, method: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(failed)
      .filter(([kind]) => kind.startsWith(`${method} `))
      .map(([kind, count]) => [kind.slice(method.length + 1), count]),
  );
}

function rows(text: string): string[][] {
  return text.split("\n").slice(0, -1).map((line) => line.split(" "));
}
