/** Headers of each answer: browsers must not guess its type, nor store it. */
export const alwaysTold = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
};

/** Has nginx pass on what is said piece by piece, which it would collect. */
export const unbuffered = { "x-accel-buffering": "no" };

/**
 * An answer of the gateway, with the headers that each has. All headers are set at once, because
 * the runtime is slower if headers are accessed after an answer was made.
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
