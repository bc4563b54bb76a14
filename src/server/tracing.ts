import type { Tracer } from "../base/tracer.ts";
import { reservedPrefix } from "../wire/reserved.ts";
import type { Dispatcher } from "./dispatcher.ts";

/** Takes the requests of a session. */
export type RequestTaker = Pick<Dispatcher, "dispatch">;

/**
 * Makes a span for each request, from reading it to answering it, and hands it on to the procedure.
 * The protocol's own methods (`rpc.ping` and the like) get no span.
 *
 * It wraps the dispatcher, and costs nothing on a server without a tracer.
 *
 * @param address `host:port` that the server listens on
 */
export function withServerSpans(
  tracer: Tracer,
  service: string,
  address: string,
  next: RequestTaker,
): RequestTaker {
  return {
    dispatch(request, reply, peer) {
      const { method, meta } = request;
      if (method.startsWith(reservedPrefix)) return next.dispatch(request, reply, peer);
      const span = tracer.start({
        side: "server",
        method,
        service,
        traceparent: meta?.traceparent,
      });
      const { traceparent } = span;
      return next.dispatch({ ...request, meta: { ...meta, traceparent } }, {
        stream: reply.stream,
        succeed(result) {
          span.end({ error: undefined, server: address });
          reply.succeed(result);
        },
        succeedWithJson(result) {
          span.end({ error: undefined, server: address });
          reply.succeedWithJson(result);
        },
        fail(error) {
          span.end({ error, server: address });
          reply.fail(error);
        },
      }, peer);
    },
  };
}
