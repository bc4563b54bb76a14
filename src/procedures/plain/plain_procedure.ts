import { loadLater } from "../../base/system/load_later.ts";
import { isObject } from "../../base/values/members.ts";
import type { CallParams } from "../params.ts";
import { usePlainNumbers } from "./invalid_params.ts";
import type { Described } from "../schemas/loaded.ts";
import type {
  CallContext,
  HandlerInput,
  Procedure,
  ProcedureKind,
  ProcedureTraits,
} from "../types.ts";

/** One parameter. */
interface PlainParameter {
  readonly required: boolean;
  readonly schema: Record<string, unknown>;
  /** Whether a value is right without looking at the schema. @default any value is */
  readonly takes?: (value: unknown) => boolean;
}

/** What a {@link PlainProcedure} is made from. */
interface PlainOptions extends ProcedureTraits {
  /** As many as there are names. */
  readonly params: readonly PlainParameter[];
  /** The JSON Schema of what it returns. */
  readonly result: Record<string, unknown>;
  /** Whether it takes more than it names: values by position, or others by name {@link inOne}. */
  readonly isOpen: boolean;
  /**
   * Whether the function takes all of them as one object, which a caller may also give as the only
   * value by position. @default false
   */
  readonly inOne?: boolean;
  /** Loads the same procedure with schemas. */
  load(): Promise<Procedure>;
  run(input: readonly unknown[], context: CallContext): unknown;
}

/**
 * A procedure that can be called without zod: what it takes is so simple that right parameters are
 * told without a schema. All others are refused by its schemas, which are loaded then, and say what
 * is wrong. What it returns is any JSON, or is right by itself.
 */
export class PlainProcedure implements ProcedureTraits {
  readonly names: readonly string[];
  readonly kind: ProcedureKind;
  readonly idempotent: boolean;
  readonly description: string;
  readonly callers: undefined;
  readonly stream: boolean;
  /** Its parameters and its result in a document, the same as its schemas would give. */
  readonly described: Described;
  readonly #options: PlainOptions;
  readonly #leastCount: number;
  readonly #takesAny: boolean;
  #full: Procedure | undefined;

  constructor(options: PlainOptions) {
    const { names, kind, idempotent, description, stream, params, result } = options;
    this.names = names;
    this.kind = kind;
    this.idempotent = idempotent;
    this.description = description;
    this.stream = stream;
    this.described = {
      params: params.map(({ required, schema }, index) => ({
        name: names[index] as string,
        required,
        schema,
      })),
      result,
    };
    this.#options = options;
    this.#leastCount = params.findLastIndex(({ required }) => required) + 1;
    this.#takesAny = params.every(({ takes }) => takes === undefined);
  }

  /**
   * The same procedure with schemas, once it was loaded: called where {@link accept} does not do.
   */
  get full(): Procedure | undefined {
    return this.#full;
  }

  /** Loads {@link full}. */
  async load(): Promise<Procedure> {
    return this.#full ??= await loadLater(this.#options.load)();
  }

  /**
   * The function's input; `undefined`: the schemas refuse it, and say why.
   *
   * @throws {RpcError} InvalidParams: JavaScript cannot hold a number in it
   */
  accept(method: string, given: CallParams): HandlerInput | undefined {
    usePlainNumbers(method, this.names, given);
    if (this.#options.inOne) return this.#inOne(given) as HandlerInput | undefined;
    const values: readonly unknown[] | undefined = given === undefined || Array.isArray(given)
      ? (given ?? []) as readonly unknown[]
      : this.#inOrder(given as Readonly<Record<string, unknown>>);
    if (values === undefined || values.length < this.#leastCount) return undefined;
    if (values.length > this.names.length && !this.#options.isOpen) return undefined;
    return this.#takesAny || this.#takes(values) ? values as HandlerInput : undefined;
  }

  /** The function. */
  handler(input: HandlerInput, context: CallContext): unknown {
    return this.#options.run(input as readonly unknown[], context);
  }

  /** The function's only value, an object; `undefined`: too many values, or an unknown name. */
  #inOne(given: CallParams): readonly unknown[] | undefined {
    const { names } = this;
    const { isOpen } = this.#options;
    if (given !== undefined && !Array.isArray(given)) {
      return isOpen || Object.keys(given).every((name) => names.includes(name))
        ? [given]
        : undefined;
    }
    const values = (given ?? []) as readonly unknown[];
    if (values.length === 1 && isObject(values[0])) return values;
    if (values.length > names.length) return undefined;
    return [Object.fromEntries(values.map((value, index) => [names[index], value]))];
  }

  #takes(values: readonly unknown[]): boolean {
    const { params } = this.#options;
    for (let i = 0; i < params.length; i++) {
      const { required, takes } = params[i] as PlainParameter;
      const value = values[i];
      if (value === undefined ? required : takes?.(value) === false) return false;
    }
    return true;
  }

  /**
   * Brings named parameters into their order; `undefined` if one is missing, or a name is unknown.
   */
  #inOrder(given: Readonly<Record<string, unknown>>): unknown[] | undefined {
    const { names } = this;
    if (!isObject(given) || !Object.keys(given).every((name) => names.includes(name))) {
      return undefined;
    }
    const { params } = this.#options;
    const values: unknown[] = [];
    for (const [index, name] of names.entries()) {
      const isGiven = Object.hasOwn(given, name);
      if (!isGiven && params[index]?.required) return undefined;
      values.push(isGiven ? given[name] : undefined);
    }
    return values.slice(0, values.findLastIndex((value) => value !== undefined) + 1);
  }
}

/** A procedure that is served, with schemas or without. */
export type AnyProcedure = Procedure | PlainProcedure;

/** Those by method name. */
export type AnyProcedures = Readonly<Record<string, AnyProcedure>>;
