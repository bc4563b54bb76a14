/** A module's procedures as methods of a client: types inferred, no code generated. */

import type * as z from "zod";
import type { Params } from "../wire/message.ts";
import type { InputSchema, Items, Procedure, StreamProcedure } from "../procedures/procedure.ts";

/** The arguments of a procedure: a tuple's items one by one, an object as one. */
type Arguments<Input extends InputSchema> = z.input<Input> extends infer Given
  ? Given extends readonly unknown[] ? Given : [params: Given]
  : never;

/** What arrives as it was returned. */
type Unchanged =
  | (string | number | boolean | bigint | null | undefined)
  | readonly Unchanged[]
  | { readonly [name: string]: Unchanged };

/** A plain function's result as JSON carries it: a `Date` arrives as text. `any` stays as it is. */
type Sent<Value> = 0 extends 1 & Value ? Value
  : Value extends Unchanged ? Value
  : Value extends { toJSON(): infer Json } ? Json
  : Value extends object ? { [Key in keyof Value]: Sent<Value[Key]> }
  : Value;

/** All items of a plain generator, or the result of another function. */
type Returned<Result> = 0 extends 1 & Result ? Result
  : [Result] extends [Items<infer Item>] ? Sent<Item>[]
  : Sent<Awaited<Result>>;

/** The type of an export as a method; `never` if it cannot be called over the network. */
type Method<Export> = Export extends StreamProcedure<infer Input, infer Output>
  ? (...args: Arguments<Input>) => Promise<z.output<Output>[]>
  : Export extends Procedure<infer Input, infer Output>
    ? (...args: Arguments<Input>) => Promise<z.output<Output>>
  : Export extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Returned<Result>>
  : never;

/** The type of an export as a stream method; `never` if it is no stream. */
type StreamMethod<Export> = Export extends StreamProcedure<infer Input, infer Output>
  ? (...args: Arguments<Input>) => AsyncIterableIterator<z.output<Output>>
  : Export extends (...args: infer Args) => Items<infer Item>
    ? (...args: Args) => AsyncIterableIterator<Sent<Item>>
  : never;

/**
 * Names that JavaScript itself reads from objects: in `await`, `JSON.stringify` and `String`. Use
 * `client.call` for a procedure with such a name.
 */
type OwnName = "then" | "toJSON" | "toString" | "valueOf";

/** Exports without a method of their name: a default one is served under another. */
type Unnamed = OwnName | "default";

const ownNames: ReadonlySet<string> = new Set<OwnName>(["then", "toJSON", "toString", "valueOf"]);

/**
 * The methods of a module. A procedure becomes a function from its schema's input to a promise of
 * its output; a plain function returns a promise of what JSON carries, such as the text of a
 * `Date`. A stream returns a promise of all its items as an array: see {@link StreamApi}. The
 * methods of a module that exports an object of functions by default are
 * `Api<typeof module.default>`.
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
    Name in keyof Exports as Method<Exports[Name]> extends never ? never : Exclude<Name, Unnamed>
  ]: Method<Exports[Name]>;
};

/** The streams of a module: for each generator a function that returns its items as they come. */
export type StreamApi<Exports> = {
  readonly [
    Name in keyof Exports as StreamMethod<Exports[Name]> extends never ? never
      : Exclude<Name, Unnamed>
  ]: StreamMethod<Exports[Name]>;
};

/** Makes one call. */
type CallMethod<Options> = (method: string, params: Params, options: Options) => unknown;

/** An object with a method for any name, which calls the procedure of that name. */
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
