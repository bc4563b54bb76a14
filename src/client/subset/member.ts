import type { Instance } from "../../discovery/discovery.ts";

/** An endpoint as far as a subset looks at it and acts on it. */
export interface Member {
  readonly address: string;
  readonly instance: Instance;
  /** Its row among the client's loads. */
  readonly row: number;
  /** The registry lists it, and the client has not left it. */
  readonly isListed: boolean;
  readonly isClosed: boolean;
  /** Whether its very first connection attempt is under way. */
  readonly isUntried: boolean;
  /** Whether it is connected and nothing speaks against giving it calls. */
  readonly isSound: boolean;
  /** Its part of the client's calls, in relation to its weight. */
  set share(share: number);
  /** Asks how many connections the server has. Older ones do not say. */
  askConnections(told: (connections: number) => void): void;
  /** It is given no more calls while there are others. */
  unlist(): void;
  close(): void;
}
