import { TlsListener, type TlsListenerOptions } from "../keys/tls/listener.ts";
import type { Listener } from "./listener.ts";

/**
 * Listens on TLS, where callers have certificates.
 *
 * @throws {Error} the address cannot be listened on
 */
export async function listenTls(options: TlsListenerOptions): Promise<Listener> {
  const listener = await TlsListener.listen(options);
  return {
    addr: listener.addr,
    async accept() {
      const { connection, caller } = await listener.accept();
      return { connection, from: connection.peerAddress, caller };
    },
    close: () => listener.close(),
  };
}
