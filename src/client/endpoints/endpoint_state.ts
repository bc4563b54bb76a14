import type { Timer } from "../../base/clock.ts";
import type { Connection } from "../connection.ts";
import type { Link } from "../links/link.ts";

/**
 * The life of an endpoint:
 *
 *     connecting ──answers a ping──▶ ready ──goaway──▶ draining
 *      ▲      │                        │                  │
 *      │   refused, silent            lost               lost
 *      │      ▼                        ▼                  ▼
 *      └── waiting ◀──── still listed ─┴──────────────────┴── not listed ──▶ closed
 *
 * If a ready one is silent, another link is tried beside it, which takes over if it is answered
 * first.
 */
export type EndpointState =
  | { readonly kind: "connecting"; readonly link: Link }
  | {
    readonly kind: "ready" | "draining";
    readonly link: Link;
    readonly connection: Connection;
  }
  | { readonly kind: "waiting"; readonly timer: Timer; readonly hasteAtMs: number }
  | { readonly kind: "closed" };

/** The connection of an endpoint that has one which takes calls. */
export function connectionOf(state: EndpointState): Connection | undefined {
  return state.kind === "ready" || state.kind === "draining" ? state.connection : undefined;
}
