/** What a browser is told with each answer: to take it for what it says it is, and to keep none. */
export const alwaysTold = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
};

/**
 * An answer of the gateway, with what a browser is told with each. All of its headers at once: the
 * runtime begins again with an answer whose headers are looked at when it is made already.
 */
export function reply(
  body: BodyInit | null,
  { status = 200, headers }: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>> | undefined;
  } = {},
): Response {
  return new Response(body, { status, headers: { ...alwaysTold, ...headers } });
}
