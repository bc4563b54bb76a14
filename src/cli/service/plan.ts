/** What is known of a server that the system shall keep running. */
export interface ServicePlan {
  /** What the system calls it. */
  readonly name: string;
  /** Whether it is of this user alone, and not of the machine. */
  readonly isOfUser: boolean;
  /** The program and its arguments, `serve` and what follows it included. */
  readonly command: readonly string[];
  readonly directory: string;
  /** Who runs it, where the machine does. */
  readonly user: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** How long it may take to stop. */
  readonly stopMs: number;
}

/** A file to be written, and what is run after that. */
export interface Steps {
  readonly file: { readonly path: string; readonly text: string } | undefined;
  /** Each with its arguments. The first that fails ends it, but for those that may. */
  readonly commands: readonly (readonly string[])[];
  /** What is to be known besides. */
  readonly notes: readonly string[];
}

/** By this we know what we have written. */
export const ownMark = "Written by rpc service install";
