import { messageOf, RpcError } from "../../base/errors.ts";
import { boxProblem } from "../../procedures/problems/box_problem.ts";
import type { FailureReport } from "../failure_report.ts";

/** Most causes that are shown: the chain may be a circle. */
const causesMax = 3;

/** Most errors of an `AggregateError` that are shown. */
const errorsMax = 3;

/** With a longer message the stack is not looked at: Deno ends where no text can hold it. */
const stackMessageMax = 1024 * 1024;

const here = import.meta.url;

/**
 * The directory of this program's code: its stack frames do not help users. In a bundle, whose
 * files are called otherwise, all code is this program's.
 */
const [, own, name] = /^(.*\/)src\/workers\/child\/(.*)$/.exec(here) ?? [];
const root = own ?? new URL(".", here).href;
const ownCode = name === "failure.ts" ? `${root}src/` : root;

/** The same as frames of a compiled program have it, which escape nothing in a path. */
const ownCodeUnescaped = decodeURIComponent(ownCode);

/**
 * Describes what was thrown, for the log: with the frames of the user's code, the errors in an
 * `AggregateError`, and the causes. The thrown value may throw when it is read.
 *
 * @param what what failed, as the beginning of a sentence
 */
export function describeFailure(what: string, thrown: unknown): FailureReport {
  const { text, frames } = textAndFrames(thrown);
  const stack = [...frames];
  for (const error of errorsOf(thrown)) {
    const one = textAndFrames(error);
    stack.push(`One of its errors: ${one.text}`, ...one.frames);
  }
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
    const isBrief = thrown instanceof Error && !(thrown.message.length > stackMessageMax);
    if (isBrief && typeof thrown.stack === "string") {
      const lines = thrown.stack.split("\n");
      const first = lines.findIndex((line) => /^\s+at /.test(line));
      const text = lines.slice(0, first === -1 ? undefined : first).join("\n");
      const frames = first === -1 ? [] : lines.slice(first).map((line) => line.trim());
      const plain = boxProblem(thrown.message);
      const ofUser = frames.filter(isOfUser);
      // Frames only of our own code mean a fault of ours, unless we threw the error on purpose.
      const shown = ofUser.length === 0 && !(thrown instanceof RpcError) ? frames : ofUser;
      return { text: plain ?? (text || messageOf(thrown)), frames: shown };
    }
  } catch {
    // Its message may be readable nevertheless.
  }
  return { text: messageOf(thrown), frames: [] };
}

function isOfUser(frame: string): boolean {
  if (frame.includes(ownCode) || frame.includes(ownCodeUnescaped)) return false;
  return !/\b(?:ext|node):|\(<anonymous>\)$/.test(frame);
}

function causeOf(thrown: unknown): unknown {
  try {
    return thrown instanceof Error ? thrown.cause : undefined;
  } catch {
    return undefined;
  }
}

function errorsOf(thrown: unknown): unknown[] {
  try {
    return thrown instanceof AggregateError ? thrown.errors.slice(0, errorsMax) : [];
  } catch {
    return [];
  }
}
