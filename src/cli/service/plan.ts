/** A server that the system is to keep running. */
export interface ServicePlan {
  /** Its name in the system. */
  readonly name: string;
  /** Whether it belongs to this user, and not to the machine. */
  readonly isOfUser: boolean;
  /** The program and its arguments, with `serve` and its own. */
  readonly command: readonly string[];
  readonly directory: string;
  /** The user who runs it, if it belongs to the machine. */
  readonly user: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** How long it may take to stop. */
  readonly stopMs: number;
}

/** What stops a server that runs already, files to write, and commands to run after that. */
export interface Steps {
  /** A file whose appearance ends a running server, and a command that ends what restarts it. */
  readonly stop: { readonly file: string; readonly command: readonly string[] } | undefined;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Each with its arguments. The first failure ends the steps, except for those that may fail. */
  readonly commands: readonly (readonly string[])[];
  /** Remarks for the user. */
  readonly notes: readonly string[];
}

/** The mark of files that we have written. */
export const ownMark = "Written by rpc service install";
