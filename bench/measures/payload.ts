/** Texts of several lengths through an `io` worker, there and back. */

import { tarpc } from "../systems/compiled.ts";
import { grpcGo } from "../systems/grpc_go.ts";
import { grpcJs } from "../systems/grpc_js.ts";
import { rpcEcho } from "../systems/rpc.ts";
import { textEcho } from "../systems/text_echo.ts";
import { valueEcho } from "../systems/value_echo.ts";
import type { Target } from "../result.ts";
import { inTurns, type Measure, underLoad } from "./measure.ts";

const systems = [textEcho, valueEcho, rpcEcho, tarpc, grpcGo, grpcJs];

interface PayloadOptions {
  readonly name: string;
  readonly size: string;
  readonly textLength: number;
  /** Calls under way. */
  readonly inFlight: number;
}

const kB = 1_000;

/** The lengths that a table has, an image and a scan. */
export const payloads: readonly Measure[] = [
  { name: "payload_10k", size: "10 kB", textLength: 10 * kB, inFlight: 16 },
  { name: "payload_100k", size: "100 kB", textLength: 100 * kB, inFlight: 8 },
  { name: "payload_4m", size: "4 MiB", textLength: 4 * 1024 * 1024, inFlight: 4 },
].map(payloadMeasure);

function payloadMeasure({ name, size, textLength, inFlight }: PayloadOptions): Measure {
  const atLeast = (bound: number, times: string): Target => {
    return { of: rpcEcho.name, is: "at least", bound, times };
  };
  return {
    name,
    async run({ rounds, load }) {
      const shape = { ...load, connections: 1, inFlight, latencies: false, textLength };
      return {
        name,
        title: `texts of ${size} there and back, ${inFlight} calls in flight`,
        unit: "MB/s",
        better: "more",
        reference: textEcho.name,
        series: await inTurns(
          rounds,
          systems.map((system) =>
            underLoad(
              system,
              shape,
              ({ calls, seconds }) => (2 * textLength * calls) / seconds / 1e6,
            )
          ),
        ),
        targets: [
          atLeast(0.5, textEcho.name),
          atLeast(3, grpcJs.name),
          ...(textLength === 100 * kB ? [atLeast(1, grpcGo.name)] : []),
        ],
        notes: [
          "Both ways counted. Ours goes through a worker process and back, the others' servers answer by themselves",
        ],
      };
    },
  };
}
