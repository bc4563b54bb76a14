import { RpcError } from "../../base/errors.ts";
import { problemLine } from "../../terminal/colour.ts";
import { indentedText, plainLine } from "../../terminal/plain_text.ts";
import type { CallFlags } from "./flags.ts";
import type { Job } from "./job.ts";

/** Failed calls that are told of one by one; the summary counts the rest. */
const callsShownMax = 10;

/**
 * Of an input more of them, since somebody has to mend its lines. The file of failed lines has all.
 */
const linesShownMax = 1_000;

/** Issues of one call's parameters that are told of beside the first. */
const issuesShownMax = 5;

/** Characters of parameters that are shown. */
const paramsShownMax = 60;

/** What {@link Failures} are told with. */
interface FailuresOptions {
  readonly method: string;
  readonly flags: CallFlags;
  /** Prints a line on stderr. */
  readonly tell: (line: string) => void;
}

/** Tells people of calls that failed, the first of them one by one. */
export class Failures {
  readonly #options: FailuresOptions;
  #count = 0;
  /** The name of the error that calls fail by as the run stops, if one was told. */
  #toldAtEnd: string | undefined;

  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * A call has failed, at that server if it was sent to one.
   *
   * @param isOver the run stops: what all calls that were under way fail by is told once
   */
  add(job: Job, error: RpcError, server: string | undefined, isOver = false): void {
    const { flags, tell } = this.#options;
    const shownMax = flags.input === undefined ? callsShownMax : linesShownMax;
    this.#count++;
    if (this.#count > shownMax) return;
    if (isOver) {
      if (this.#toldAtEnd === error.name) return;
      this.#toldAtEnd = error.name;
    }
    const where = server === undefined || error.message.includes(server) ? "" : ` at ${server}`;
    const hint = flags.input === undefined
      ? hintFor(error, this.#options.method, job.params)
      : undefined;
    const line = `${this.#subjectOf(job)} failed${where}: ${error.name}: ${toldMessage(error)}` +
      (hint === undefined ? "" : `; ${hint}`);
    tell(problemLine(plainLine(line)));
    if (flags.verbose && error.stack !== undefined) tell(indentedText(error.stack));
    if (this.#count === shownMax) tell("rpc: further failures are only counted");
  }

  /** Lines were begun and have not run, as the run stops: of no consequence, but for the reason. */
  notRun(first: Job, last: Job, error: RpcError): void {
    const lines = first === last
      ? `line ${first.number} has`
      : `lines ${first.number} to ${last.number} have`;
    const line = `${lines} not run: ${error.name}: ${toldMessage(error)}`;
    this.#options.tell(problemLine(plainLine(line)));
  }

  #subjectOf({ number, params }: Job): string {
    const { method, flags } = this.#options;
    if (flags.input !== undefined) return `line ${number}`;
    const word = isMany(flags) ? `call ${number}` : "call";
    if (params instanceof RpcError) return `${word} ${method}`;
    const json = JSON.stringify(params);
    const args = Array.isArray(params) ? json.slice(1, -1) : json;
    const shown = args.length > paramsShownMax ? `${args.slice(0, paramsShownMax - 3)}...` : args;
    return `${word} ${method}(${shown})`;
  }
}

/** What a server writes that tells of the first issue: how many more there are. */
const countOfOthers = / \(and \d+ more issues?\)$/;

/** The message, with the issues themselves in place of their number. */
function toldMessage({ name, message, issues = [] }: RpcError): string {
  if (name === "MethodNotFound") {
    // A program asks for the list by the protocol, a person by the command.
    return message.replace("(rpc.discover lists them)", "(list them: rpc methods)");
  }
  if (issues.length < 2 || !countOfOthers.test(message)) return message;
  const told = issues.slice(1, 1 + issuesShownMax).map(({ path, message }) => {
    const [first, ...rest] = path;
    const name = typeof first === "number" ? `parameter ${first + 1}` : first ?? "it";
    return `, ${[name, ...rest].join(".")} ${message}`;
  });
  const left = issues.length - 1 - told.length;
  return message.replace(countOfOthers, "") + told.join("") +
    (left > 0 ? ` (and ${left} more ${left === 1 ? "issue" : "issues"})` : "");
}

/** Whether the flags ask for more than one call. */
export function isMany({ repeat, duration, rate }: CallFlags): boolean {
  return repeat !== undefined || duration !== undefined || rate !== undefined;
}

/**
 * What looks like JSON and is none was sent as a text: most often single quotes were written for
 * double ones, or a shell has removed these.
 */
function textHint(params: Job["params"]): string {
  const text = Object.values(params).find((value) =>
    typeof value === "string" && /^\s*(?:\{.*\}|\[.*\])\s*$/s.test(value)
  );
  return text === undefined
    ? ""
    : `; ${JSON.stringify(text)} was sent as a text, since it is not JSON: its quotes are double`;
}

/** What the caller can do, where the message does not say it already. */
function hintFor(error: RpcError, method: string, params: Job["params"]): string | undefined {
  switch (error.name) {
    case "DeadlineExceeded":
      return error.message.includes("--call-timeout-max")
        ? undefined
        : "allow it more time with --timeout <time>";
    case "MethodNotFound":
      return /did you mean|list/.test(error.message) ? undefined : "list them: rpc methods";
    case "InvalidParams":
      return `see: rpc methods ${method}${textHint(params)}`;
    case "Overloaded":
      return "lower --concurrency, or start another server";
    default:
      return undefined;
  }
}
