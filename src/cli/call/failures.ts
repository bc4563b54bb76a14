import { RpcError } from "../../base/errors.ts";
import { TooLongError } from "../../wire/message_bound.ts";
import { problemLine } from "../../terminal/stdout.ts";
import { indentedText, plainLine, toldText, withoutSecrets } from "../../base/values/plain_text.ts";
import type { CallFlags } from "./flags.ts";
import type { Job } from "./job.ts";

/** Most failed calls that are printed one by one; the summary counts the rest. */
const callsShownMax = 10;

/** The same for lines of an input, more of them, since somebody has to correct the lines. */
const linesShownMax = 1_000;

/** Issues of one call's parameters that are printed besides the first. */
const issuesShownMax = 5;

/** Characters of parameters that are shown. */
const paramsShownMax = 60;

/** What {@link Failures} need. */
interface FailuresOptions {
  readonly method: string;
  readonly flags: CallFlags;
  /** Prints a line on stderr. */
  readonly tell: (line: string) => void;
}

/** Prints failed calls for people, the first ones one by one. */
export class Failures {
  readonly #options: FailuresOptions;
  #count = 0;
  /** The name of the error with which calls fail when the run stops, once it was printed. */
  #toldAtEnd: string | undefined;

  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Prints a failed call, with its server if it was sent to one.
   *
   * @param isOver whether the run stops: an error of all calls under way is then printed once
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
    const message = toldText(toldMessage(error));
    const line = `${this.#subjectOf(job)} failed${where}: ${error.name}: ${message}` +
      (hint === undefined ? "" : `; ${hint}`);
    tell(problemLine(plainLine(withoutSecrets(line))));
    if (flags.verbose && error.stack !== undefined) tell(indentedText(toldText(error.stack)));
    if (this.#count === shownMax) tell("rpc: further failures are only counted");
  }

  /** Prints the reason once for lines that were begun and have not run when the run stops. */
  notRun(first: Job, last: Job, error: RpcError): void {
    const lines = first === last
      ? `line ${first.number} has`
      : `lines ${first.number} to ${last.number} have`;
    const line = `${lines} not run: ${error.name}: ${toldText(toldMessage(error))}`;
    this.#options.tell(problemLine(plainLine(withoutSecrets(line))));
  }

  #subjectOf({ number, params }: Job): string {
    const { method, flags } = this.#options;
    if (flags.input !== undefined) return `line ${number}`;
    const word = isMany(flags) ? `call ${number}` : "call";
    if (params instanceof RpcError) return `${word} ${method}`;
    const json = JSON.stringify(params);
    const args = Array.isArray(params) ? json.slice(1, -1) : json;
    return `${word} ${method}(${shortened(args)})`;
  }
}

/** A text that is not too long, without secrets: half of one would not look like one. */
function shortened(text: string): string {
  const shown = withoutSecrets(text);
  return shown.length > paramsShownMax ? `${shown.slice(0, paramsShownMax - 3)}...` : shown;
}

/** An error as it is printed for programs. */
export function errorJson(error: RpcError): Record<string, unknown> {
  return { ...error.toJSON(), message: withoutSecrets(error.message) };
}

/** In a server's message with the first issue: how many more there are. */
const countOfOthers = / \(and \d+ more issues?\)$/;

/** The message, with the other issues in place of their number. */
function toldMessage({ name, message, issues = [] }: RpcError): string {
  if (name === "MethodNotFound") {
    // Programs ask by the protocol, people by the command.
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
 * A hint about an argument that looks like JSON but was sent as a text: most often its double
 * quotes were written as single ones, or removed by a shell.
 */
function textHint(params: Job["params"]): string {
  const text = Object.values(params).find((value) =>
    typeof value === "string" && /^\s*'?[{[]/.test(value)
  );
  return text === undefined
    ? ""
    : `; ${shortened(JSON.stringify(text))} was sent as a text, since it is not JSON: its quotes ` +
      "are double, and no shell may take them; name=value needs none";
}

/** What the user can do, unless the message tells it already. */
function hintFor(error: RpcError, method: string, params: Job["params"]): string | undefined {
  switch (error.name) {
    case "DeadlineExceeded":
      return error.message.includes("--call-timeout-max")
        ? undefined
        : "allow it more time with --timeout <time>";
    case "MethodNotFound":
      return /did you mean|list/.test(error.message) ? undefined : "list them: rpc methods";
    case "InvalidParams":
      // Its message says what is too long for whom, and no method's parameters tell more.
      if (error instanceof TooLongError) return undefined;
      return `see: rpc methods ${method}${textHint(params)}`;
    case "Overloaded":
      return "lower --concurrency, or start another server";
    default:
      return undefined;
  }
}
