import { callTimeoutMsMax } from "../../base/limits.ts";
import type { CallOptions } from "../../client/client_options.ts";
import { isTraceparent } from "../../wire/requests/traceparent.ts";
import { HttpProblem } from "../door/problem.ts";

/** The header with a call's timeout. */
export const timeoutHeader = "rpc-timeout-ms";

/**
 * The options of calls in a request's headers.
 *
 * @throws {HttpProblem} 400: an invalid timeout
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
  // A value of another form is ignored, as on the wire.
  const parent = headers.get("traceparent");
  return { timeoutMs, traceparent: isTraceparent(parent) ? parent : undefined };
}

/**
 * Refuses bodies that are not JSON: a web page can send other types anywhere without a preflight.
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

/** Whether a content type is JSON in UTF-8. Other parameters than the charset do not matter. */
function isJson(type: string): boolean {
  const [name, ...parameters] = type.toLowerCase().split(";").map((part) => part.trim());
  return name === "application/json" &&
    parameters.every((one) => !one.startsWith("charset") || /^charset *= *"?utf-?8"?$/.test(one));
}
