import { randomInt } from "../../src/base/random.ts";
import { testSeed } from "../support/seed.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { assertAnswers, bytesOf, readVectors, requestFiles } from "../vectors/vectors.ts";
import { serverTest, vectorProcedures } from "./fixtures/harness.ts";

const seed = testSeed;

for (const file of requestFiles) {
  serverTest(`${file}: every vector, over a socket, whole and in pieces`, async (harness) => {
    const server = harness.listen({ procedures: vectorProcedures });
    const random = seededRandom(seed);
    for (const vector of readVectors(file)) {
      const bytes = bytesOf(vector);
      for (const how of ["whole", `in pieces, seed ${seed}`]) {
        const peer = await harness.connect(server);
        const pieceMax = how === "whole" ? bytes.length : Math.max(16, bytes.length / 4);
        for (let start = 0; start < bytes.length;) {
          const end = how === "whole" ? bytes.length : start + 1 + randomInt(random, pieceMax);
          await peer.send(bytes.subarray(start, end));
          start = end;
        }
        // The server closes by itself only if the vector says so; otherwise it does when we do.
        if (!vector.closes) await peer.closeWrite();
        await peer.ended();
        assertAnswers(peer.lines, vector, how);
        await peer.close();
      }
    }
  });
}
