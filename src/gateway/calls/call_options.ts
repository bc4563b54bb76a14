import { callTimeoutMsMax } from "../../base/limits.ts";
import type { CallOptions } from "../../client/client_options.ts";
import { traceparentSchema } from "../../wire/message.ts";
import { HttpProblem } from "../door/problem.ts";

/** The header that tells how long a call may take. */
export const timeoutHeader = "rpc-timeout-ms";

/**
 * What a request's headers say of its calls.
 *
 * @throws {HttpProblem} 400: a time that cannot be
 */
export function callOptionsOf({ headers }: Request): CallOptions {
  const text = headers.get(timeoutHeader);
  const timeoutMs = text === null ? undefined : /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= callTimeoutMsMax)) {
    const message =
      `Cannot use Rpc-Timeout-Ms ${JSON.stringify(text)}: it must be a whole number ` +
      `from 1 to ${callTimeoutMsMax}`;
    throw new HttpProblem(400, "InvalidRequest", message);
  }
  // One of another form is as good as none, as it is on the wire.
  const parent = headers.get("traceparent");
  const traceparent = parent === null ? undefined : traceparentSchema.safeParse(parent).data;
  return { timeoutMs, traceparent };
}

/**
 * Refuses bodies that are not JSON: those of the other types a page can send to anybody without
 * asking.
 *
 * @param text the body; an empty one needs no type
 * @throws {HttpProblem} 415
 */
export function checkJsonBody({ headers }: Request, text: string): void {
  const type = headers.get("content-type");
  if (type === null && text === "") return;
  if (type === "application/json" || isJson(type ?? "")) return;
  const got = type === null ? "" : ` (got ${JSON.stringify(type)})`;
  throw new HttpProblem(
    415,
    "InvalidRequest",
    `Cannot take the body: it must be JSON, sent with Content-Type: application/json${got}`,
  );
}

/** Of a type's parameters only the charset says what the bytes are: JSON is sent as UTF-8. */
function isJson(type: string): boolean {
  const [name, ...parameters] = type.toLowerCase().split(";").map((part) => part.trim());
  return name === "application/json" &&
    parameters.every((one) => !one.startsWith("charset") || /^charset *= *"?utf-?8"?$/.test(one));
}
