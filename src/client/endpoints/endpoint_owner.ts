import type { Instance } from "../../discovery/discovery.ts";
import type { DialPlaces } from "../links/dial_places.ts";
import type { HostPace } from "../links/host_pace.ts";
import type { Patience } from "../links/patience.ts";
import type { Loads } from "./loads.ts";

/** The set of a client's endpoints, as one of them needs it. */
export interface EndpointOwner<Endpoint> {
  /** The numbers that a pick compares. */
  readonly loads: Loads;
  /** Bounds the attempts at each host. */
  readonly pace: HostPace;
  /** How long attempts to connect may take. */
  readonly patience: Patience;
  /** Gives out the turns to connect. */
  readonly places: DialPlaces;
  /** Whether an instance is of another zone than the client. */
  isFar(instance: Instance): boolean;
  /** The endpoint's priority, or whether it is closed, may have changed. */
  changed(endpoint: Endpoint): void;
  /** Its calls end at their deadlines in a row: it may be `eject`ed. */
  suspected(endpoint: Endpoint): void;
}
