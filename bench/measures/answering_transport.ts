import type { Transport } from "../../src/client/transport.ts";
import { readRequest } from "../../src/wire/requests/read_request.ts";
import { encodeResult } from "../../src/wire/codec.ts";

/** A network of servers that answer `null` to everything, in this process. */
export const answeringTransport: Transport = {
  connect() {
    let waiting: ((bytes: number | null) => void) | undefined;
    let target = new Uint8Array(0);
    let answers = new Uint8Array(0);
    const deliver = () => {
      if (waiting === undefined || answers.length === 0) return;
      const resolve = waiting;
      const bytes = Math.min(answers.length, target.length);
      target.set(answers.subarray(0, bytes));
      answers = answers.subarray(bytes);
      waiting = undefined;
      resolve(bytes);
    };
    return Promise.resolve({
      read: (buffer) =>
        new Promise((resolve) => {
          waiting = resolve;
          target = buffer as Uint8Array<ArrayBuffer>;
          deliver();
        }),
      write(bytes) {
        const lines = new TextDecoder().decode(bytes).trimEnd().split("\n");
        answers = new TextEncoder().encode(lines.map(answerTo).join(""));
        deliver();
        return Promise.resolve(bytes.length);
      },
      close: () => waiting?.(null),
    });
  },
};

function answerTo(line: string): string {
  const request = readRequest(line);
  if (Array.isArray(request) || !("id" in request)) return "";
  return encodeResult(request.id ?? null, null);
}
