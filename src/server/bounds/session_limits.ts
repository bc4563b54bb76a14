import {
  connectionInFlightMax,
  idleTimeoutMs,
  messageMaxDefault,
  outboxBytesMax,
  partialLineTimeoutMs,
  requestBytesInFlightMax,
  unreadAnswersBytesMax,
  writeStallTimeoutMs,
} from "../../base/limits.ts";

/** Bounds of one connection; `base/limits.ts` says how they relate. */
export interface SessionLimits {
  /** Longest message. The bounds in bytes hold two such at the least. */
  readonly messageMax: number;
  /** Requests worked on at once. Past it the connection is not read until half of them are done. */
  readonly inFlightMax: number;
  /** Unread output. Past it the connection is not read until all of it is written. */
  readonly outboxBytesMax: number;
  /** Unread output past which an answer is replaced by an error. */
  readonly unreadMax: number;
  /**
   * Bytes of the requests worked on at once. Past it the connection is not read until half of them
   * are done.
   */
  readonly requestBytesMax: number;
  /** How long output may wait without any of it being taken. */
  readonly writeStallTimeoutMs: number;
  /** How long a line that has begun may take to end. */
  readonly partialLineTimeoutMs: number;
  /** How long nothing may come while nothing is under way. */
  readonly idleTimeoutMs: number;
  /**
   * How long a connection waits for the peer to close once its output is complete, so that the peer
   * can read it.
   */
  readonly lingerTimeoutMs: number;
}

/** What holds unless somebody says otherwise. */
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

/** The same bounds where longer messages are taken: what has to hold several is larger too. */
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
