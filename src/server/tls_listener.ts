import { TlsListener, type TlsListenerOptions } from "../keys/tls/listener.ts";
import { answerToPlain } from "./bounds/foreign.ts";
import type { Listener } from "./listener.ts";

/**
 * Listens on TLS, where callers have certificates.
 *
 * @throws {Error} the address cannot be listened on
 */
export async function listenTls(
  options: Omit<TlsListenerOptions, "answerToPlain">,
): Promise<Listener> {
  const listener = await TlsListener.listen({ ...options, answerToPlain });
  return {
    addr: listener.addr,
    async accept() {
      const { connection, caller } = await listener.accept();
      return { connection, from: connection.peerAddress, caller };
    },
    cluster: () => listener.cluster,
    close: () => listener.close(),
  };
}
