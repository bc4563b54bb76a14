/** What the main thread tells the one that watches it. */
export interface WatchStart {
  /** What both see: {@link signsAt} and {@link stopAt}. */
  readonly shared: Int32Array<SharedArrayBuffer>;
  /** Takes {@link WatchSaid}. */
  readonly questions: MessagePort;
  /** The system's number of the main thread. */
  readonly mainThread: number;
  /** The port that connections come to. */
  readonly port: number;
  /** What may be read of a connection before the program has a turn. */
  readonly bytesMax: number;
}

/** What the watching thread says: that it wants a sign of life, or whose connection it dropped. */
export type WatchSaid = { readonly asks: true } | { readonly dropped: string };

/** Where signs of life are counted. */
export const signsAt = 0;

/** What is not 0 when the watching thread is to end. */
export const stopAt = 1;
