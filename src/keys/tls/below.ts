import type { TLSSocket } from "node:tls";

/** The connection of TCP below a TLS socket. */
interface Below {
  /** Takes nothing more from the system, whose flow control then stops the peer. */
  readStop(): unknown;
  readStart(): unknown;
  /** How many bytes it has taken, those of TLS itself included. */
  getBytesRead(): number;
}

/** What Node's library, and Deno's after it, keeps in a TLS socket until it is destroyed. */
type WithBelow = TLSSocket & { readonly _handle?: { readonly _parent?: Below } | null };

/** What is below a TLS socket; `undefined` once it is destroyed. */
export function belowOf(socket: TLSSocket): Below | undefined {
  return (socket as WithBelow)._handle?._parent;
}
