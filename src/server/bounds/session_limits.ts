import {
  connectionInFlightMax,
  idleTimeoutMs,
  messageMaxDefault,
  outboxBytesMax,
  requestBytesInFlightMax,
  writeStallTimeoutMs,
} from "../../base/limits.ts";
import { partialLineTimeoutMs, unreadAnswersBytesMax } from "../limits.ts";

/**
 * An unfinished line that came at this rate, in bytes per millisecond, gets the time on top: long
 * messages take minutes on a slow network, which 256 kbit/s is.
 */
export const lineBytesPerMsLeast = 32;

/** Bounds of one connection. */
export interface SessionLimits {
  /** Longest message. The other bounds in bytes have room for at least two. */
  readonly messageMax: number;
  /** Requests under way. Past it the connection is not read until half of them are done. */
  readonly inFlightMax: number;
  /** Unread output. Past it the connection is not read until all of it is written. */
  readonly outboxBytesMax: number;
  /** Unread output past which an answer is replaced by an error. */
  readonly unreadMax: number;
  /**
   * Bytes of the requests under way. Past it the connection is not read until half of them are
   * done.
   */
  readonly requestBytesMax: number;
  /** How long output may wait without any progress. */
  readonly writeStallTimeoutMs: number;
  /** How long a line may take from its beginning to its end, beside the time for its bytes. */
  readonly partialLineTimeoutMs: number;
  /** How long a connection may be idle. */
  readonly idleTimeoutMs: number;
  /**
   * How long a connection stays open after its last output, so that the peer can read that and
   * close.
   */
  readonly lingerTimeoutMs: number;
}

/** The bounds by default. */
export const sessionLimitsDefault: SessionLimits = {
  messageMax: messageMaxDefault,
  inFlightMax: connectionInFlightMax,
  outboxBytesMax,
  unreadMax: unreadAnswersBytesMax,
  requestBytesMax: requestBytesInFlightMax,
  writeStallTimeoutMs,
  partialLineTimeoutMs,
  idleTimeoutMs,
  lingerTimeoutMs: 1_000,
};

/** The bounds of a server that takes longer messages: those that hold several grow with them. */
export function sessionLimitsFor(messageMax: number): SessionLimits {
  const { outboxBytesMax, unreadMax, requestBytesMax } = sessionLimitsDefault;
  return {
    ...sessionLimitsDefault,
    messageMax,
    outboxBytesMax: Math.max(outboxBytesMax, messageMax),
    unreadMax: Math.max(unreadMax, 4 * messageMax),
    requestBytesMax: Math.max(requestBytesMax, 4 * messageMax),
  };
}
