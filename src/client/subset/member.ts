import type { Instance } from "../../discovery/discovery.ts";
import type { ToldOfClients } from "../../wire/reply_checks.ts";
import type { Priority } from "../endpoints/endpoint_types.ts";

/** An endpoint, as a subset needs it. */
export interface Member {
  readonly address: string;
  readonly instance: Instance;
  /** Its row among the client's loads. */
  readonly row: number;
  /** Whether the registry lists it and the client has not left it. */
  readonly isListed: boolean;
  readonly isClosed: boolean;
  /** It is `unusable` if it has no connection. */
  readonly priority: Priority;
  /** Whether its very first connection attempt is under way. */
  readonly isUntried: boolean;
  /** Whether it is connected and nothing speaks against giving it calls. */
  readonly isSound: boolean;
  /** Factor of its weight for this client. */
  set share(share: number);
  /** Tells this client's load, and asks for that of all clients, which some servers do not tell. */
  askLoad(own: number, tell: (told: ToldOfClients) => void): void;
  /** Gives it no more calls while there are other servers. */
  unlist(): void;
  close(): void;
}
