/**
 * Landlock of Linux, by which a process takes rights from itself for good, and from all that it
 * starts (`landlock(7)`). It holds what the runtime of a compiled program does not: its `import`
 * reads files without a look at permissions (docs/adr/0069-a-binary-has-a-sandbox.md).
 */

import { openCLibrary } from "../../base/system/c_library.ts";
import { networkFilter } from "./network_filter.ts";

/** Numbers of the system calls, which are the same on all processors. */
const createRuleset = 444n;
const addRule = 445n;
const restrictSelf = 446n;

/** `LANDLOCK_CREATE_RULESET_VERSION`: asks for the version of the interface. */
const askVersion = 1n;

/** `LANDLOCK_RULE_PATH_BENEATH`: a rule for a file, or for a directory and all below it. */
const pathBeneath = 1n;

/** `close_range(2)`, which is older than Landlock, and its `CLOSE_RANGE_CLOEXEC`. */
const closeRange = 436n;
const whenReplaced = 4n;

/** The descriptors of a worker's lines are 3 and 4. */
const firstOfLines = 3n;
const firstUnknown = 5n;
const allUpwards = 0xffff_ffffn;

/** `PR_SET_NO_NEW_PRIVS` of `prctl(2)`, without which Landlock is for administrators only. */
const setNoNewPrivileges = 38;

/** `PR_SET_SECCOMP` of `prctl(2)`, and its `SECCOMP_MODE_FILTER`. */
const setFilter = 22;
const filterMode = 2n;

/** `PR_SET_PDEATHSIG` of `prctl(2)`: the signal to send when the parent dies. */
const setParentDeathSignal = 1;

const sigkill = 9n;

/** `O_PATH | O_CLOEXEC` of `open(2)`: the place of a file, not what is in it. */
const placeOnly = 0o12000000;

/** This process's program, also if its file was deleted or replaced since. */
export const ownProgram = "/proc/self/exe";

/** Rights in a rule, as bits. */
export const rights = {
  execute: 1 << 0,
  readFile: 1 << 2,
  readDirectory: 1 << 3,
  writeFile: 1 << 1,
  removeDirectory: 1 << 4,
  removeFile: 1 << 5,
  makeDirectory: 1 << 7,
  makeFile: 1 << 8,
  makeSocket: 1 << 9,
  makePipe: 1 << 10,
  move: 1 << 13,
  truncate: 1 << 14,
} as const;

/** Those that a rule for a file may hold. */
const ofFiles = rights.execute | rights.readFile | rights.writeFile | rights.truncate;

/** All rights over files that a version of the interface knows, by the version. */
const knownRights = [0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff];

/** From this version on it holds ports of TCP, all of them here: bind and connect. */
const tcpVersion = 4;
const tcpRights = 0b11n;

/** From this version on it holds abstract sockets of Unix, and signals to those outside. */
const scopesVersion = 6;
const scopes = 0b11n;

/** What a path may be used for. */
export interface Rule {
  /** An absolute path. One that does not exist is left out. */
  readonly path: string;
  /** A sum of {@link rights}. */
  readonly rights: number;
}

/** What a process may do from now on. */
export interface Confinement {
  /** All that it may do with files. */
  readonly rules: readonly Rule[];
  /** Whether it may use the network; Unix sockets are none. */
  readonly network: boolean;
}

/** The version of the interface here; `0`: there is none, or this process may not use it. */
export function landlockVersion(): number {
  if (Deno.build.os !== "linux") return 0;
  const library = open();
  if (library === undefined) return 0;
  const version = versionOf(library);
  library.close();
  return version;
}

/**
 * Confines this process and becomes its own program anew, with other arguments, which is confined
 * from its start: so are all of its threads, while Landlock holds only those of a running program
 * that begin later. It ends with its parent, gets no new privileges, and has none of the
 * descriptors that it may have been handed by those who started the server.
 *
 * @throws {Error} it cannot be done; this process must not go on then
 */
export function becomeConfined({ rules, network }: Confinement, args: readonly string[]): never {
  const library = open();
  const version = library === undefined ? 0 : versionOf(library);
  if (library === undefined || version === 0) throw new Error("the system has no Landlock");
  const { prctl, create, restrict, execv } = library.symbols;
  // The form of the kernel's `landlock_ruleset_attr`: later versions have more numbers.
  const handled = BigInt(knownRights[Math.min(version, knownRights.length - 1)] ?? 0);
  const numbers = [
    handled,
    ...(version >= tcpVersion ? [network ? 0n : tcpRights] : []),
    ...(version >= scopesVersion ? [scopes] : []),
  ];
  const ruleset = create(createRuleset, bytesOf(numbers), BigInt(8 * numbers.length), 0n);
  if (ruleset < 0) throw new Error("its rules cannot be made");
  for (const rule of rules) add(library, ruleset, rule, Number(handled));
  if (prctl(setParentDeathSignal, sigkill, 0n, 0n, 0n) !== 0) throw new Error("prctl failed");
  if (prctl(setNoNewPrivileges, 1n, 0n, 0n, 0n) !== 0) throw new Error("prctl failed");
  if (restrict(restrictSelf, BigInt(ruleset), 0n) !== 0) throw new Error("its rules are refused");
  if (!network) leaveNetwork(library);
  closeWhenReplaced(library, firstUnknown);
  const { texts, list } = argumentsOf(ownProgram, [Deno.execPath(), ...args]);
  execv(texts, list);
  throw new Error("the program cannot be started anew");
}

/** @throws {Error} it cannot be done */
function leaveNetwork({ symbols: { prctl } }: Library): void {
  const filter = networkFilter();
  if (filter === undefined) throw new Error("no filter is known for this processor");
  // The kernel's `sock_fprog`: how many steps of eight bytes, and where they are.
  const program = new Uint8Array(bytesOf([BigInt(filter.length / 8), addressOf(filter)]));
  if (prctl(setFilter, filterMode, addressOf(program), 0n, 0n) !== 0) {
    throw new Error("its network cannot be taken from it");
  }
}

/** Where bytes are in memory. They must be used until the call that reads them is over. */
function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

/**
 * Has programs that this process starts inherit none of its descriptors but the first three: they
 * could answer in the worker's place, and keep its server waiting for its end.
 *
 * @throws {Error} it cannot be done
 */
export function keepDescriptors(): void {
  const library = open();
  if (library === undefined) throw new Error("the C library cannot be loaded");
  closeWhenReplaced(library, firstOfLines);
  library.close();
}

function closeWhenReplaced({ symbols: { closeMany } }: Library, first: bigint): void {
  if (closeMany(closeRange, first, allUpwards, whenReplaced) === 0) return;
  throw new Error("its descriptors cannot be closed");
}

function open() {
  return openCLibrary({
    create: { name: "syscall", parameters: ["i64", "buffer", "u64", "u64"], result: "i32" },
    add: { name: "syscall", parameters: ["i64", "i64", "i64", "buffer", "u64"], result: "i32" },
    restrict: { name: "syscall", parameters: ["i64", "i64", "u64"], result: "i32" },
    prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    closeMany: { name: "syscall", parameters: ["i64", "u64", "u64", "u64"], result: "i32" },
    execv: { parameters: ["buffer", "buffer"], result: "i32" },
  });
}

type Library = NonNullable<ReturnType<typeof open>>;

function versionOf({ symbols: { create } }: Library): number {
  return Math.max(0, create(createRuleset, null, 0n, askVersion));
}

function add({ symbols }: Library, ruleset: number, rule: Rule, handled: number): void {
  const place = symbols.open(new TextEncoder().encode(`${rule.path}\0`), placeOnly);
  // What is not there cannot be used.
  if (place < 0) return;
  const granted = rule.rights & handled & (Deno.statSync(rule.path).isDirectory ? ~0 : ofFiles);
  // `landlock_path_beneath_attr`, which is packed.
  const attributes = new DataView(new ArrayBuffer(12));
  attributes.setBigUint64(0, BigInt(granted), true);
  attributes.setInt32(8, place, true);
  const failure = symbols.add(addRule, BigInt(ruleset), pathBeneath, attributes.buffer, 0n);
  symbols.close(place);
  if (failure !== 0) throw new Error(`a rule for ${rule.path} cannot be made`);
}

function bytesOf(numbers: readonly bigint[]): ArrayBuffer {
  return BigUint64Array.from(numbers).buffer;
}

/** What `execv(3)` takes: the program's path at the beginning of `texts`, and its arguments. */
function argumentsOf(program: string, args: readonly string[]) {
  const encoded = [program, ...args].map((text) => new TextEncoder().encode(`${text}\0`));
  const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
  const texts = new Uint8Array(new ArrayBuffer(bytes));
  const start = addressOf(texts);
  const pointers: bigint[] = [];
  let length = 0;
  for (const text of encoded) {
    texts.set(text, length);
    pointers.push(start + BigInt(length));
    length += text.length;
  }
  return { texts, list: bytesOf([...pointers.slice(1), 0n]) };
}
