import { membersOf, parametersOf, type SourceParameter } from "../parameter_names.ts";

/** One parameter of a plain function. */
interface DeclaredParameter extends SourceParameter {
  readonly required: boolean;
}

/** What a plain function takes, as its source text says. */
export interface Declared {
  readonly parameters: readonly DeclaredParameter[];
  /** Whether it takes all of them as one object. */
  readonly inOne: boolean;
  /** Whether it takes more than it names. */
  readonly isOpen: boolean;
}

/**
 * Reads what a function takes.
 *
 * @param leastCount how many values it must be given. @default as many as have no default
 */
export function declaredOf(value: CallableFunction, leastCount = value.length): Declared {
  const { members, isOpen = true } = membersOf(value) ?? {};
  return {
    // Whether a member may be left out is in no function's text without its types.
    parameters: members?.map((member) => ({ ...member, required: false })) ??
      parametersOf(value).map((one, index) => ({ ...one, required: index < leastCount })),
    inOne: members !== undefined,
    isOpen,
  };
}
