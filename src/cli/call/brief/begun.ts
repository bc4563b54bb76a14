import type { Transport } from "../../../client/transport.ts";
import type { InstanceSource } from "../../../discovery/discovery.ts";

/** What was begun of a call before there was a client, as that client is to see it. */
export interface Begun {
  /**
   * How much of its time the call has had, in milliseconds, before its client was loaded. That is
   * not counted: on a busy machine it may take all the time of a call that was answered.
   */
  readonly takenMs: number;
  /** The registry as the client is to see it. */
  source(registry: InstanceSource): InstanceSource;
  /** The transport of the client. */
  transport(own: Transport): Transport;
}
