import { openCLibrary } from "./c_library.ts";
import { isGranted } from "./is_granted.ts";

const functions = {
  CreateJobObjectW: { parameters: ["pointer", "pointer"], result: "pointer" },
  SetInformationJobObject: { parameters: ["pointer", "i32", "buffer", "u32"], result: "i32" },
  OpenProcess: { parameters: ["u32", "i32", "u32"], result: "pointer" },
  AssignProcessToJobObject: { parameters: ["pointer", "pointer"], result: "i32" },
  TerminateJobObject: { parameters: ["pointer", "u32"], result: "i32" },
  CloseHandle: { parameters: ["pointer"], result: "i32" },
} as const;

type Kernel = Deno.DynamicLibrary<typeof functions>["symbols"];

/** `JobObjectExtendedLimitInformation`, what is set of a job. */
const extendedLimits = 9;
/** The length of `JOBOBJECT_EXTENDED_LIMIT_INFORMATION` with pointers of 64 bits, in bytes. */
const limitsBytes = 144;
/** Where its `LimitFlags` are, in bytes. */
const flagsAt = 16;
/** `JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE`, and `..._BREAKAWAY_OK`: who asks to be let go is. */
const flags = 0x2000 | 0x800;
/** `PROCESS_SET_QUOTA | PROCESS_TERMINATE`, what is needed of a process to put it into a job. */
const rights = 0x100 | 0x1;

let kernel: Kernel | null | undefined;

/**
 * A process and all that it starts, on Windows, which has no process groups: `cmd`, `npm` and other
 * wrappers stay between a server and the program that does the work, and the end of one ends
 * nothing else there. What is in the job also ends when the server does, however that ends.
 */
export class ProcessJob {
  readonly #kernel: Kernel;
  #job: Deno.PointerObject | undefined;

  private constructor(kernel: Kernel, job: Deno.PointerObject) {
    this.#kernel = kernel;
    this.#job = job;
  }

  /**
   * That of a process which was started just now, so that it has not started any yet. `undefined`:
   * on other systems, without the permission to call libraries, and where the system refuses.
   */
  static of(pid: number): ProcessJob | undefined {
    if (Deno.build.os !== "windows") return undefined;
    // It stays open.
    kernel ??= opened();
    if (kernel === null) return undefined;
    const job = kernel.CreateJobObjectW(null, null);
    if (job === null) return undefined;
    const limits = new Uint8Array(limitsBytes);
    new DataView(limits.buffer).setUint32(flagsAt, flags, true);
    const isMade = kernel.SetInformationJobObject(job, extendedLimits, limits, limitsBytes) !== 0 &&
      assign(kernel, job, pid);
    if (isMade) return new ProcessJob(kernel, job);
    kernel.CloseHandle(job);
    return undefined;
  }

  /** Kills all of them. */
  kill(): void {
    if (this.#job !== undefined) this.#kernel.TerminateJobObject(this.#job, 1);
  }

  /** Kills those that are left, and forgets them. */
  close(): void {
    if (this.#job !== undefined) this.#kernel.CloseHandle(this.#job);
    this.#job = undefined;
  }
}

function opened(): Kernel | null {
  return isGranted({ name: "ffi" }) ? openCLibrary(functions)?.symbols ?? null : null;
}

function assign(kernel: Kernel, job: Deno.PointerObject, pid: number): boolean {
  const process = kernel.OpenProcess(rights, 0, pid);
  if (process === null) return false;
  const isAssigned = kernel.AssignProcessToJobObject(job, process) !== 0;
  kernel.CloseHandle(process);
  return isAssigned;
}
