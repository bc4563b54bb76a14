/** The source text of a module, in which a function's types and comments still are. */

import { absolutePath, pathOfFileUrl } from "../../base/paths.ts";
import { type Definition, definitionsIn, parameterNames } from "../parameter_names.ts";

/** How many files are looked at for a function's definition: a module re-exports few. */
const filesMax = 64;

type Definitions = ReturnType<typeof definitionsIn>;

/** What the source text of a function says, beside what is left of it at run time. */
export interface SaidOfFunction {
  /**
   * How many values it must be given: without its types, JavaScript counts those that may be left
   * out as `b?: number`.
   */
  readonly leastCount: number;
  /** Of the function, for people; may be empty. */
  readonly description: string;
  /** Of parameters, for people, by name: that of an object's member stands behind a point. */
  readonly params: ReadonlyMap<string, string>;
}

/** The texts of a module and of the local files that it imports, each read when it is asked for. */
export class SourceTexts {
  readonly #read: Definitions[] = [];
  readonly #files: Set<string>;
  readonly #rest: AsyncGenerator<Definitions>;

  /** @param module a path or a `file:` URL */
  constructor(module: string) {
    this.#files = new Set([
      module.startsWith("file:") ? pathOfFileUrl(module) : absolutePath(module),
    ]);
    this.#rest = this.#readOn();
  }

  /** What the text says of a function. If no text can be read that defines it, that is little. */
  async said(value: CallableFunction): Promise<SaidOfFunction> {
    const found = value.name === "" ? undefined : await this.#definitionOf(value.name);
    const { optional, description = "", params = new Map() } = found ?? {};
    const first = parameterNames(value).findIndex((name) => optional?.has(name));
    const leastCount = first < 0 ? value.length : Math.min(first, value.length);
    return { leastCount, description, params };
  }

  async #definitionOf(name: string): Promise<Definition | undefined> {
    for (let index = 0;; index++) {
      const definitions = this.#read[index] ??
        (await this.#rest.next()).value as Definitions | undefined;
      if (definitions === undefined) return undefined;
      const found = definitions(name);
      if (found !== undefined) return found;
    }
  }

  async *#readOn(): AsyncGenerator<Definitions, undefined> {
    for (const file of this.#files) {
      const text = textOf(file);
      const definitions = definitionsIn(text);
      this.#read.push(definitions);
      yield definitions;
      if (text === "") continue;
      // Most functions are defined in the module itself.
      const { staticImports } = await import("../import_specifiers.ts");
      for (const imported of staticImports(file, text)) {
        if (this.#files.size < filesMax) this.#files.add(imported);
      }
    }
  }
}

/** Nothing, if a sandbox forbids to read it, or if it is a pipe, which was read already. */
function textOf(path: string): string {
  try {
    return Deno.statSync(path).isFile ? Deno.readTextFileSync(path) : "";
  } catch {
    return "";
  }
}
