/** A module's procedures as methods of a client: types inferred, no code generated. */

import type * as z from "zod";
import type { Params } from "../wire/message.ts";
import type { InputSchema, Items, Procedure, StreamProcedure } from "../procedures/procedure.ts";

/** The arguments of a procedure: a tuple's items one by one, an object as one. */
type Arguments<Input extends InputSchema> = z.input<Input> extends infer Given
  ? Given extends readonly unknown[] ? Given : [params: Given]
  : never;

/** One export as a method; `never` for what cannot be called over the network. */
type Method<Export> = Export extends StreamProcedure<infer Input, infer Output>
  ? (...args: Arguments<Input>) => Promise<z.output<Output>[]>
  : Export extends Procedure<infer Input, infer Output>
    ? (...args: Arguments<Input>) => Promise<z.output<Output>>
  : Export extends (...args: infer Args) => Items<infer Item> ? (...args: Args) => Promise<Item[]>
  : Export extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
  : never;

/** One export as a method that returns items as they come; `never` for what is no stream. */
type StreamMethod<Export> = Export extends StreamProcedure<infer Input, infer Output>
  ? (...args: Arguments<Input>) => AsyncIterableIterator<z.output<Output>>
  : Export extends (...args: infer Args) => Items<infer Item>
    ? (...args: Args) => AsyncIterableIterator<Item>
  : never;

/**
 * Names that a language itself asks objects for: by `await`, `JSON.stringify` and `String`. A
 * procedure of such a name is called by `client.call`.
 */
type OwnName = "then" | "toJSON" | "toString" | "valueOf";

const ownNames: ReadonlySet<string> = new Set<OwnName>(["then", "toJSON", "toString", "valueOf"]);

/**
 * The methods of a module: for each procedure a function of its schema's input that promises its
 * output, for each plain function the same function with a promise. Of a stream it is a promise of
 * all items as an array: see {@link StreamApi}.
 *
 * @example
 * ```ts
 * import { type Api, defineProcedure, z } from "rpc";
 *
 * const procedures = {
 *   area: defineProcedure(
 *     { input: z.tuple([z.number(), z.number()]), output: z.number() },
 *     ([width, height]) => width * height,
 *   ),
 * };
 *
 * const check = (api: Api<typeof procedures>): Promise<number> => api.area(3, 4);
 * console.assert(check.length === 1);
 * ```
 */
export type Api<Exports> = {
  readonly [
    Name in keyof Exports as Method<Exports[Name]> extends never ? never : Exclude<Name, OwnName>
  ]: Method<Exports[Name]>;
};

/** The streams of a module: for each generator a function that returns its items as they come. */
export type StreamApi<Exports> = {
  readonly [
    Name in keyof Exports as StreamMethod<Exports[Name]> extends never ? never
      : Exclude<Name, OwnName>
  ]: StreamMethod<Exports[Name]>;
};

/** Makes one call. */
type CallMethod<Options> = (method: string, params: Params, options: Options) => unknown;

/** Methods of any name, each of which calls the procedure of that name. */
export function createApi<Methods, Options>(call: CallMethod<Options>, options: Options): Methods {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  return new Proxy({}, {
    get(target, name) {
      if (typeof name === "symbol") return undefined;
      if (ownNames.has(name)) return Reflect.get(target, name);
      let method = methods.get(name);
      if (method === undefined) {
        method = (...args) => call(name, args, options);
        methods.set(name, method);
      }
      return method;
    },
  }) as Methods;
}
