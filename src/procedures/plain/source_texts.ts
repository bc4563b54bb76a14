/** The source text of a module, in which a function's types and comments still are. */

import { absolutePath, pathOfFileUrl } from "../../base/paths.ts";
import { optionalNamesIn, parameterNames } from "../parameter_names.ts";

/** How many files are looked at for a function's definition: a module re-exports few. */
const filesMax = 64;

type OptionalNames = ReturnType<typeof optionalNamesIn>;

/** The texts of a module and of the local files that it imports, each read when it is asked for. */
export class SourceTexts {
  readonly #read: OptionalNames[] = [];
  readonly #files: Set<string>;
  readonly #rest: AsyncGenerator<OptionalNames>;

  /** @param module a path or a `file:` URL */
  constructor(module: string) {
    this.#files = new Set([
      module.startsWith("file:") ? pathOfFileUrl(module) : absolutePath(module),
    ]);
    this.#rest = this.#readOn();
  }

  /**
   * How many values a function must be given: without its types, JavaScript counts those that may
   * be left out as `b?: number`. If no text can be read that defines it, that is `value.length`.
   */
  async requiredCount(value: CallableFunction): Promise<number> {
    if (value.length === 0 || value.name === "") return value.length;
    const optional = await this.#optionalOf(value.name);
    const first = parameterNames(value).findIndex((name) => optional?.has(name));
    return first < 0 ? value.length : Math.min(first, value.length);
  }

  async #optionalOf(name: string): Promise<Set<string> | undefined> {
    for (let index = 0;; index++) {
      const names = this.#read[index] ??
        (await this.#rest.next()).value as OptionalNames | undefined;
      if (names === undefined) return undefined;
      const found = names(name);
      if (found !== undefined) return found;
    }
  }

  async *#readOn(): AsyncGenerator<OptionalNames, undefined> {
    for (const file of this.#files) {
      const text = textOf(file);
      const names = optionalNamesIn(text);
      this.#read.push(names);
      yield names;
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
