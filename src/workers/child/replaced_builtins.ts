/**
 * What a module must not replace, since a worker reads, writes and waits by it. Libraries do so on
 * purpose: old ones give arrays a `toJSON`. Without this look such a worker answers nothing that
 * its server could read, or nothing at all, and nobody is told why.
 */

const { stringify, parse } = JSON;
const OwnPromise = Promise;

const sample = '{"a":["b",1,true,null]}';

/** Far more turns than any promise takes that has been resolved. */
const turns = 100;

/**
 * Tells what has been replaced by something that does not do the same, as the end of a sentence
 * that begins with the module; `undefined`: nothing. If there is something, this process has its
 * own again, to tell its server.
 */
export async function replacedBuiltin(): Promise<string | undefined> {
  const problem = writingProblem() ?? readingProblem() ?? await waitingProblem();
  if (problem !== undefined) restore();
  return problem;
}

function writingProblem(): string | undefined {
  const written = outcome(() => JSON.stringify({ a: ["b", 1, true, null] }));
  if (written === sample) return undefined;
  return "it changes what JSON.stringify writes, so that no call could be answered. Maybe it gives " +
    "arrays or objects a toJSON method";
}

function readingProblem(): string | undefined {
  const read = outcome(() => stringify(JSON.parse(sample)));
  return read === sample
    ? undefined
    : "it changes what JSON.parse reads, so that no call could be read";
}

async function waitingProblem(): Promise<string | undefined> {
  let isDone = false;
  outcome(() => {
    const { promise, resolve } = Promise.withResolvers<void>();
    void Promise.race([new Promise<void>(() => {}), promise]).then(() => isDone = true);
    resolve();
  });
  // These are the language's own promises, whatever stands under their name.
  for (let turn = 0; turn < turns && !isDone; turn++) await undefined;
  return isDone
    ? undefined
    : "it replaces Promise by what calls nobody back, so that no call could end";
}

function outcome(attempt: () => unknown): unknown {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}

function restore(): void {
  JSON.stringify = stringify;
  JSON.parse = parse;
  globalThis.Promise = OwnPromise;
  for (const { prototype } of [Object, Array]) {
    Reflect.deleteProperty(prototype, "toJSON");
  }
}
