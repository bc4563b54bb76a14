import { messageOf, RpcError } from "../../../base/errors.ts";
import { isExactNumber } from "../../../base/values/exact_numbers.ts";
import { parseExactly } from "../../../wire/exact_json.ts";
import type { Params } from "../../../wire/message.ts";
import { UsageError } from "../../../base/command_error.ts";
import { type InputLine, InputLines } from "./input_lines.ts";
import type { Job, JobSource } from "../job.ts";

/** A call for each line of a file. */
export class InputJobs implements JobSource {
  readonly #lines: InputLines;
  readonly #file: Deno.FsFile | undefined;
  readonly #skip: number;

  private constructor(file: Deno.FsFile | undefined, lineBytesMax: number, skip: number) {
    this.#file = file;
    this.#skip = skip;
    this.#lines = new InputLines(file ?? Deno.stdin, lineBytesMax);
  }

  /**
   * The calls for the lines of a file, or of stdin for `-`.
   *
   * @param lineBytesMax longest line
   * @param skip lines to skip at the beginning
   * @throws {UsageError} it cannot be read
   */
  static async open(name: string, lineBytesMax: number, skip: number): Promise<InputJobs> {
    if (name === "-") return new InputJobs(undefined, lineBytesMax, skip);
    try {
      return new InputJobs(await Deno.open(name), lineBytesMax, skip);
    } catch (error) {
      throw new UsageError(`Cannot read --input ${name}: ${messageOf(error)}`);
    }
  }

  get isEnded(): boolean {
    return this.#lines.isEnded;
  }

  take(): Job | undefined {
    let line = this.#lines.take();
    while (line !== undefined && line.number <= this.#skip) line = this.#lines.take();
    return line === undefined ? undefined : jobOf(line);
  }

  more(): Promise<void> {
    return this.#lines.more();
  }

  stop(): void {
    this.#lines.stop();
  }

  /** Closes the file. */
  close(): void {
    this.#file?.close();
  }
}

function jobOf({ number, content }: InputLine): Job {
  return "text" in content
    ? { number, params: paramsOf(content.text), lateMs: 0, line: content.text }
    : {
      number,
      params: new RpcError("InvalidParams", `it ${content.fault}`),
      lateMs: 0,
      line: undefined,
    };
}

/**
 * An array is parameters by position, an object is parameters by name, anything else is one
 * parameter.
 */
function paramsOf(text: string): Params | RpcError {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (cause) {
    return new RpcError("InvalidParams", `it is not JSON: ${messageOf(cause)}`, { cause });
  }
  if (Array.isArray(value)) return value;
  if (isExactNumber(value)) return [value];
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : [value];
}
