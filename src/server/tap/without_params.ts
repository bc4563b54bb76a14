import type { Matcher } from "../../base/names/patterns.ts";
import type { TapItem } from "../../wire/reports/tap.ts";
import type { Reply } from "../reply.ts";

/**
 * An answer to `rpc.tap` without the parameters and the error messages of methods that the listener
 * may not call itself: the right `read` does not include them.
 */
export function withoutOthersParams(reply: Reply, mayCall: Matcher): Reply {
  const { stream } = reply;
  if (stream === undefined) return reply;
  const told = (item: unknown) => {
    const event = item as TapItem | null;
    if (event === null || !("method" in event) || mayCall(event.method)) return event;
    const { message: _, ...rest } = event;
    return { ...rest, params: null };
  };
  return {
    stream: { credit: stream.credit, items: (items) => stream.items(items.map(told)) },
    succeed: (result) => reply.succeed(result),
    succeedWithJson: (result) => reply.succeedWithJson(result),
    fail: (error) => reply.fail(error),
  };
}
