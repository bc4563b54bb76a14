import { messageOf } from "../../base/errors.ts";
import { exists } from "../../base/paths.ts";
import { withFormerCoreFiles } from "../../base/system/core_files.ts";
import { bodyFileVariable } from "../body_file.ts";
import { claimFileVariable } from "../claim_file.ts";
import { messageMaxVariable } from "../message_max.ts";
import { endSooner } from "./end_sooner.ts";
import { missingInterpreter } from "./interpreter.ts";
import { lowerPriority } from "./lower_priority.ts";
import { withOwnProgram } from "./own_program.ts";

/** The command of a worker: any program that answers JSON-RPC lines on stdin and stdout. */
export interface WorkerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** @default this process's working directory */
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it gets in place of this process's environment. @default that environment */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Whether it has a process group of its own: then signals to the server's group, such as Ctrl-C,
   * do not reach it, and its children are killed with it. @default false
   */
  readonly ownGroup?: boolean;
  /**
   * Whether it is a foreign program, which may pass on the "no" of another call that it made.
   * @default false
   */
  readonly isForeign?: boolean;
  /**
   * Longest message between it and the server, in bytes, passed in its environment.
   * @default messageMaxDefault
   */
  readonly messageMax?: number | undefined;
  /**
   * Whether it is a worker of ours, which parses JSON strictly: its parameters and results are
   * passed on unparsed. @default false
   */
  readonly readsAsWeDo?: boolean;
  /** Advice if it does not speak the protocol. @default none */
  readonly advice?: string;
}

const isWindows = Deno.build.os === "windows";

/** The files that a worker and its server share, each if there is one. */
interface SharedFiles {
  readonly claims: string | undefined;
  readonly bodies: string | undefined;
}

/**
 * Starts a worker, with the paths of the files that it shares with the server.
 *
 * On Windows each pipe that is read holds one of Deno's few threads (see
 * `src/library/running/pipe_threads.ts`), so a worker's output goes directly to the server's
 * stderr.
 *
 * @throws {Error} the program cannot be started
 */
export function spawnWorker(command: WorkerCommand, files: SharedFiles): Deno.ChildProcess {
  const { program, isForeign = false } = command;
  // If `env` cannot find its interpreter, the start succeeds but the error is unclear.
  const missing = isForeign && !isWindows ? missingInterpreter(program) : undefined;
  if (missing !== undefined) throw new Error(interpreterProblem(program, missing));
  let child: Deno.ChildProcess;
  try {
    // Who serves procedures may want to know why one of them crashes.
    child = withFormerCoreFiles(() => spawn(command, files));
  } catch (error) {
    throw new Error(spawnProblem(program, error), { cause: error });
  }
  lowerPriority(child.pid);
  endSooner(child.pid);
  return child;
}

function spawn(command: WorkerCommand, { claims, bodies }: SharedFiles): Deno.ChildProcess {
  const { cwd, env, environment, ownGroup = false, messageMax } = command;
  const [program = "", ...args] = withOwnProgram([command.program, ...command.args]);
  return new Deno.Command(program, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    clearEnv: environment !== undefined,
    env: {
      ...environment,
      ...env,
      ...(messageMax === undefined ? {} : { [messageMaxVariable]: String(messageMax) }),
      ...(claims === undefined ? {} : { [claimFileVariable]: claims }),
      ...(bodies === undefined ? {} : { [bodyFileVariable]: bodies }),
    },
    detached: ownGroup,
    stdin: "piped",
    stdout: "piped",
    stderr: isWindows ? "inherit" : "piped",
  }).spawn();
}

function spawnProblem(program: string, error: unknown): string {
  const isPath = /[/\\]/.test(program);
  if (isPath && isDirectory(program)) return `${program} is a directory, and no program`;
  if (error instanceof Deno.errors.NotFound) {
    if (isNowhere()) return "the working directory is gone: start the server again in another";
    if (!isPath) return `there is no program ${program} in PATH; ${hintFor(program)}`;
    const missing = missingInterpreter(program);
    return missing === undefined
      ? `there is no file ${program}`
      : interpreterProblem(program, missing);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `${program} may not be run: name what runs it, such as "python3 ${program}", or make it ` +
      "executable (chmod +x)";
  }
  return messageOf(error);
}

/** Whether the working directory was deleted: no program starts then, whichever it is. */
function isNowhere(): boolean {
  try {
    Deno.cwd();
    return false;
  } catch {
    return true;
  }
}

function interpreterProblem(program: string, missing: string): string {
  const isOfWindows = missing.endsWith("\r");
  return `${program} begins with #!${missing}, and there is no such program` +
    (isOfWindows ? ": its lines end as on Windows, save it anew with those of Unix" : "");
}

/** Words that only a shell understands. */
const shellWord = /^(?:\w+=.*|cd|source|\.|export|exec|set|eval|if|for|while)$/;

function hintFor(program: string): string {
  if (shellWord.test(program)) {
    const shell = isWindows ? "cmd /c" : "sh -c";
    return `no shell reads the command: write ${shell} '...' around it`;
  }
  return exists(program)
    ? `the file here is ./${program}, or name what runs it, such as "python3 ${program}"`
    : "is it installed, and spelled so?";
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
