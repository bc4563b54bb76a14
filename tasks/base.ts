/**
 * The base of a binary: Deno's runtime, to which `deno compile` adds the program. It is had here
 * and not left to `deno compile`, since the names of its functions are a fifth of it on Linux, and
 * can only be taken off before: a finished binary that is stripped does not find its program any
 * more.
 */

import { unzip } from "./archive.ts";

/** The runtime for one target, as a file. */
export interface Base {
  readonly path: string;
  /** SHA-256 of what it was before it was stripped. */
  readonly sum: string;
}

/** Where Deno's own bases are. */
const site = "https://dl.deno.land/release";

/** From where to take it, and where to put it. */
export interface BaseOptions {
  readonly target: string;
  /** Where it is put. */
  readonly directory: string;
  /** A file in place of Deno's own base, as `deno compile` knows it. @default DENORT_BIN */
  readonly given?: string | undefined;
  /** @default Deno's own */
  readonly site?: string;
}

/** There is no base to be had here. */
export class NoBase extends Error {
  override readonly name = "NoBase";
}

/** How long a download may take: far more than 50 MB need. */
const downloadMs = 300_000;

/**
 * Gets it, stripped.
 *
 * @throws {NoBase} if it cannot be had
 */
export async function getBase(options: BaseOptions): Promise<Base> {
  const { target, directory } = options;
  const given = "given" in options ? options.given : Deno.env.get("DENORT_BIN");
  const bytes = given === undefined || given === ""
    ? await download(`${options.site ?? site}/v${Deno.version.deno}/denort-${target}.zip`)
    : await Deno.readFile(given);
  const sum = await sha256(bytes);
  const path = `${directory}/denort-${target}`;
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeFile(path, bytes, { mode: 0o755 });
  if (target.endsWith("-linux-gnu")) await strip(path, target);
  return { path, sum };
}

/** SHA-256 in hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function download(url: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(downloadMs) });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return await unzip(await response.bytes());
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new NoBase(
      `Cannot get the runtime from ${url}: ${reason}. A copy can be named by DENORT_BIN`,
      { cause: error },
    );
  }
}

/**
 * LLVM's knows the programs of every machine, and GNU's, unless built for many, those of its own.
 */
async function strip(path: string, target: string): Promise<void> {
  const programs = ["llvm-strip", `${target.split("-")[0]}-linux-gnu-strip`, "strip"];
  for (const program of programs) {
    try {
      const { success } = await new Deno.Command(program, {
        args: ["--strip-all", path],
        stderr: "null",
      }).output();
      if (success) return;
    } catch {
      // It is not installed.
    }
  }
  console.error(
    `Warning: the binary is larger than it has to be: none of ${
      programs.join(", ")
    } could strip it`,
  );
}
