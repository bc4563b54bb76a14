import assert from "node:assert/strict";
import { LentBytes } from "../../../src/base/spare_buffers.ts";
import { Pauses, veryLongBytes } from "../../../src/base/system/give_way.ts";
import { boundOfServer } from "../../../src/wire/message_bound.ts";
import { Turn } from "../../../src/server/turns/turn.ts";
import { Turns } from "../../../src/server/turns/turns.ts";
import { Intake, type IntakeOwner } from "../../../src/server/session/intake.ts";
import type { OpenCalls } from "../../../src/server/session/open_calls.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

Deno.test("the long answers of a batch's short requests count for its turn", async () => {
  const held: number[] = [];
  let answer = "";
  const session = {
    isClosed: false,
    bound: boundOfServer(),
    add: (line: string) => answer = line,
    hold: (_turn: Turn, bytes: number) => void held.push(bytes),
  } as unknown as IntakeOwner;
  const long = JSON.stringify("x".repeat(300_000));
  const intake = new Intake(
    session,
    { hasRoomFor: () => true } as unknown as OpenCalls,
    {
      dispatcher: { dispatch: (_request, reply) => void reply.succeedWithJson(long) },
      isStream: () => false,
    },
    new Pauses(),
  );
  const request = '{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}';
  await intake.take(`[${Array(40).fill(request).join(",")}]`, undefined as unknown as Turn);
  assert.equal(JSON.parse(answer).length, 40);
  assert.equal(held.length, 40);
  // The first one follows no answer.
  assert.ok(held.slice(1).every((bytes) => bytes >= long.length), `${held}`);
});

Deno.test("what a very long line takes at once counts for its turn, though it is checked in steps", async () => {
  const clock = new VirtualClock();
  const turns = new Turns(clock, () => false);
  const turn = new Turn(turns, {});
  const session = {
    isClosed: false,
    bound: boundOfServer(),
    add() {},
    addShort: () => false,
  } as unknown as IntakeOwner;
  const parsingMs = 40;
  const intake = new Intake(session, { hasRoomFor: () => true } as unknown as OpenCalls, {
    dispatcher: {
      dispatch(_request, reply) {
        clock.advance(parsingMs);
        reply.succeed(null);
        return undefined;
      },
    },
    isStream: () => false,
  }, new Pauses());
  const text = "x".repeat(veryLongBytes);
  const line = `{"jsonrpc":"2.0","id":1,"method":"measure","params":["${text}"]}`;
  turn.begin(line.length);
  await intake.take(new LentBytes(new TextEncoder().encode(line)), turn);
  assert.equal(turns.spentMs, parsingMs);
});
