/**
 * Has the TLS library gather the entropy of its random numbers, which takes as long as loading
 * Node's TLS and would hold up the first handshake. It is done once a process, here on a thread of
 * its own, so that code can be loaded meanwhile. A handshake that comes before it is done waits.
 */
export function gatherEntropy(): void {
  // A key that nobody uses. Its making needs random numbers, and has a thread, unlike that of
  // keys for HMAC and AES.
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"])
    .catch(() => {});
}
