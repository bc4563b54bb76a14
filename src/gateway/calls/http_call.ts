import { RpcError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { CallReport } from "../../client/call_report.ts";
import { exactJson, parseJson } from "../../wire/json.ts";
import type { Params } from "../../wire/message.ts";
import type { Answers } from "../door/answers.ts";
import type { BodyReader } from "../door/body.ts";
import type { Sender } from "../door/connections.ts";
import { HttpProblem, problemResponse } from "../door/problem.ts";
import { callOptionsOf, checkJsonBody } from "./call_options.ts";
import type { Calls } from "./calls.ts";
import { type StreamForm, streamResponse } from "./http_stream.ts";

/** What a call over HTTP needs. */
interface HttpCallDeps {
  readonly calls: Calls;
  readonly bodies: BodyReader;
  readonly answers: Answers;
  readonly clock: Clock;
}

/**
 * Answers `POST /call/<method>`: the body is the parameters, the answer the bare result.
 *
 * @param sender whom a stream counts for, and whose body it is
 * @throws {HttpProblem} what was asked for is no call
 */
export async function answerCall(
  request: Request,
  method: string,
  { calls, bodies, answers, clock }: HttpCallDeps,
  sender: Sender,
): Promise<Response> {
  const options = { ...callOptionsOf(request), signal: sender.gone };
  answers.checkRoom(sender);
  const text = await bodies.read(request, sender);
  checkJsonBody(request, text);
  const params = paramsOf(text);
  const form = streamFormOf(request);
  if (form !== undefined) {
    checkBegin(request);
    try {
      return await streamResponse(calls.stream(method, params, options, sender.caller), form, {
        clock,
        unread: answers.unread,
        owner: sender.address,
      });
    } catch (error) {
      if (error instanceof RpcError) return problemResponse(error);
      throw error;
    }
  }
  const report = await calls.call(method, params, options);
  if (report.error !== undefined) return problemResponse(report.error, serverHeader(report));
  return answers.of(`${JSON.stringify(report.result) ?? "null"}\n`, {
    "content-type": "application/json",
    ...serverHeader(report),
  }, sender);
}

/** The header that names the server to which a call was sent last. */
export function serverHeader({ server }: Pick<CallReport, "server">): Record<string, string> {
  return server === undefined ? {} : { "rpc-server": server };
}

/**
 * Nothing, an array or an object. Clients that are generated in Go, Java or Rust write `null` where
 * they were given no body.
 *
 * @throws {HttpProblem} 400
 */
function paramsOf(text: string): Params | undefined {
  if (text.trim() === "") return undefined;
  const value = parseJson(text, "body");
  if (value instanceof RpcError) throw new HttpProblem(400, "ParseError", value.message);
  if (value === null) return undefined;
  if (typeof value !== "object") {
    const message = "Cannot take the body: parameters are an array, or an object by their names";
    throw new HttpProblem(400, "InvalidParams", message);
  }
  return (exactJson(text) ?? value) as Params;
}

/**
 * The form of a stream that the caller accepts; `undefined`: the whole result at once. Clients that
 * are generated accept all that the document names, and want the first.
 */
function streamFormOf({ headers }: Request): StreamForm | undefined {
  for (const type of acceptedTypes(headers.get("accept") ?? "")) {
    if (type === "application/json") return undefined;
    if (type === "text/event-stream") return "events";
    if (/^application\/(x-)?ndjson$/.test(type)) return "lines";
  }
  return undefined;
}

/** The media types in an `Accept`, the best first, without those of `q=0`: not to be sent. */
function acceptedTypes(accept: string): readonly string[] {
  return accept.toLowerCase().split(",")
    .map((range) => range.split(";").map((part) => part.trim()))
    .map(([type = "", ...parameters]) => ({ type, quality: qualityOf(parameters) }))
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .map(({ type }) => type);
}

/** That of a media type: from 0 to 1, which it is without one. */
function qualityOf(parameters: readonly string[]): number {
  const quality = parameters.find((one) => /^q=[01](\.\d*)?$/.test(one));
  return quality === undefined ? 1 : Number(quality.slice("q=".length));
}

/**
 * Refuses a request to resume a stream. A new stream would begin anew, and the client would take
 * its items for the missing ones.
 *
 * @throws {HttpProblem} 400
 */
function checkBegin({ headers }: Request): void {
  if ((headers.get("last-event-id") ?? "") === "") return;
  const text = "Cannot go on after Last-Event-ID: a stream is a call, which begins anew without it";
  throw new HttpProblem(400, "InvalidRequest", text);
}
