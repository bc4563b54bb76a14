import { messageOf, RpcError } from "../../base/errors.ts";
import type { FailureReport } from "../failure_report.ts";

/** Causes of causes that are shown: a chain may be a circle. */
const causesMax = 3;

const here = import.meta.url;

/**
 * Where this program's own code is: nothing there is of use to whoever looks for a fault of theirs.
 * In a bundle it is all in the folder of this very file.
 */
const own = /^(.*\/)src\/workers\/child\/failure\.ts$/.exec(here)?.[1];
const ownCode = own === undefined ? new URL(".", here).href : `${own}src/`;

/**
 * What was thrown, for the log: with the frames of the user's own code, and with its causes. It may
 * be made to throw when it is read.
 *
 * @param what what failed, as the beginning of a sentence
 */
export function describeFailure(what: string, thrown: unknown): FailureReport {
  const { text, frames } = textAndFrames(thrown);
  const stack = [...frames];
  let cause = causeOf(thrown);
  for (let count = 0; count < causesMax && cause !== undefined; count++) {
    const of = textAndFrames(cause);
    stack.push(`Caused by ${of.text}`, ...of.frames);
    cause = causeOf(cause);
  }
  return { message: `${what}: ${text}`, stack };
}

function textAndFrames(thrown: unknown): { readonly text: string; readonly frames: string[] } {
  try {
    if (thrown instanceof Error && typeof thrown.stack === "string") {
      const lines = thrown.stack.split("\n");
      const first = lines.findIndex((line) => /^\s+at /.test(line));
      const text = lines.slice(0, first === -1 ? undefined : first).join("\n");
      const frames = first === -1 ? [] : lines.slice(first).map((line) => line.trim());
      const ofUser = frames.filter(isOfUser);
      // What has no place but here is a fault of ours, unless we have said ourselves what is wrong.
      const shown = ofUser.length === 0 && !(thrown instanceof RpcError) ? frames : ofUser;
      return { text: text || messageOf(thrown), frames: shown };
    }
  } catch {
    // Its message may be readable all the same.
  }
  return { text: messageOf(thrown), frames: [] };
}

function isOfUser(frame: string): boolean {
  return !frame.includes(ownCode) && !/\b(?:ext|node):|\(<anonymous>\)$/.test(frame);
}

function causeOf(thrown: unknown): unknown {
  try {
    return thrown instanceof Error ? thrown.cause : undefined;
  } catch {
    return undefined;
  }
}
