import type { CallOptions } from "../../client/client_options.ts";
import type { MessageBound } from "../../wire/message_bound.ts";
import { BatchLine } from "../../wire/batch.ts";
import { encodeError, encodeResult } from "../../wire/codec.ts";
import { requestBySchema } from "../../wire/requests/decode_request.ts";
import { BadMessage, decodeLine, LazyBatch } from "../../wire/requests/incoming.ts";
import { isRpcError, messageOf, RpcError } from "../../base/errors.ts";
import type { CallReport } from "../../client/call_report.ts";
import type { Id, Request as RpcRequest } from "../../wire/message.ts";
import { gatewayBatchStep } from "../limits.ts";
import type { BatchPlaces } from "./batch_places.ts";
import type { Calls } from "./calls.ts";

/** When the members of a caller's batch may begin. */
export interface BatchTurns {
  readonly caller: string;
  readonly places: Pick<BatchPlaces, "enter" | "leave">;
  /** Resolves when others had their chance. */
  readonly turn: () => Promise<void>;
}

/** The answer to a body of JSON-RPC. */
interface JsonRpcAnswer {
  /** The answer or the batch of answers, with LF; `undefined` if none is due. */
  readonly text: string | undefined;
  /** The server that answered, if there was one request. */
  readonly server: string | undefined;
  /** The call of a notification, which goes on. It never rejects. */
  readonly notified?: Promise<unknown>;
}

/**
 * Answers a request, a notification or a batch of them, by JSON-RPC 2.0. A notification's call
 * continues when its sender disconnects, since nobody waits for its answer.
 *
 * @param options of all calls; a request's own `meta` goes before them
 * @param bound of the answer
 */
export async function answerJsonRpc(
  text: string,
  calls: Calls,
  options: CallOptions,
  bound: MessageBound,
  turns: BatchTurns,
): Promise<JsonRpcAnswer> {
  const incoming = decodeLine(text, requestBySchema, "body");
  if (!(incoming instanceof LazyBatch)) return await answerOne(incoming, calls, options, bound);
  const batch = new BatchLine(bound);
  await answerInTurns(incoming, turns, async (one) => {
    const { text, notified } = await answerOne(one, calls, options, bound);
    if (text !== undefined) batch.add(text);
    return { goesOn: notified };
  });
  return { text: batch.isEmpty ? undefined : batch.encode(), server: undefined };
}

/**
 * Answers the members of a batch: a few are read and begin in a turn, and only while there are
 * places.
 *
 * @param answer may resolve to what goes on of a member, which keeps its place until that has ended
 */
export async function answerInTurns<Member>(
  members: Iterable<Member>,
  { caller, places, turn }: BatchTurns,
  answer: (member: Member) => Promise<{ readonly goesOn: Promise<unknown> | undefined } | void>,
): Promise<void> {
  const leave = () => places.leave(caller);
  const answerInPlace = async (member: Member): Promise<void> => {
    let goesOn: Promise<unknown> | undefined;
    try {
      goesOn = (await answer(member))?.goesOn;
    } finally {
      if (goesOn === undefined) leave();
      else void goesOn.finally(leave);
    }
  };
  const answers: Promise<void>[] = [];
  for (const member of members) {
    if (answers.length > 0 && answers.length % gatewayBatchStep === 0) await turn();
    const place = places.enter(caller);
    if (place !== undefined) await place;
    answers.push(answerInPlace(member));
  }
  await Promise.all(answers);
}

async function answerOne(
  request: RpcRequest | BadMessage,
  calls: Calls,
  options: CallOptions,
  bound: MessageBound,
): Promise<JsonRpcAnswer> {
  if (request instanceof BadMessage) {
    return { text: encodeError(request.id, request.error), server: undefined };
  }
  const { id, method, params } = request;
  const given = optionsOf(request, options);
  if (id === undefined) {
    const notified = calls.call(method, params, { ...given, signal: undefined });
    return { text: undefined, server: undefined, notified };
  }
  const report = await calls.call(method, params, given);
  return { text: answerLine(id, report, bound), server: report.server };
}

/** The options of a call, with those in its request's `meta`. */
export function optionsOf({ meta }: RpcRequest, options: CallOptions): CallOptions {
  return {
    ...options,
    ...(meta?.timeoutMs === undefined ? {} : { timeoutMs: meta.timeoutMs }),
    ...(meta?.traceparent === undefined ? {} : { traceparent: meta.traceparent }),
  };
}

/** How a call ended, as a line. */
export function answerLine(
  id: Id,
  { error, result }: Pick<CallReport, "error" | "result">,
  bound: MessageBound,
): string {
  if (error !== undefined) return encodeError(id, error);
  try {
    return encodeResult(id, result, bound);
  } catch (thrown) {
    const own = isRpcError(thrown) ? thrown : new RpcError("InternalError", messageOf(thrown));
    return encodeError(id, own);
  }
}
