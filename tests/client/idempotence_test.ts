import assert from "node:assert/strict";
import { Call } from "../../src/client/call.ts";
import { Idempotence } from "../../src/client/idempotence.ts";

const document = {
  methods: [
    { name: "fib", "x-idempotent": true },
    { name: "pay", "x-idempotent": false },
    { name: "foreign" },
  ],
};

function setUp() {
  const questions: ((result: unknown) => void)[] = [];
  const idempotence = new Idempotence((method, deadlineAtMs, answer) => {
    assert.equal(method, "rpc.discover");
    assert.equal(deadlineAtMs, 1_000, "as long as the call has");
    questions.push(answer);
  });
  const answers: string[] = [];
  const of = (method: string) => {
    const call = new Call(method, undefined, 1_000);
    idempotence.of(call, (idempotent) => answers.push(`${method} ${idempotent}`));
    return call;
  };
  return { questions, answers, of };
}

Deno.test("servers are asked once, and what they said is remembered", () => {
  const { questions, answers, of } = setUp();
  of("fib");
  assert.equal(questions.length, 1);
  questions[0]?.(document);
  for (const method of ["fib", "pay", "foreign"]) of(method);
  assert.equal(questions.length, 1);
  assert.deepEqual(answers, ["fib true", "fib true", "pay false", "foreign false"]);
});

Deno.test("one question does for all calls that were lost together", () => {
  const { questions, answers, of } = setUp();
  const calls = ["fib", "pay", "fib"].map(of);
  assert.equal(questions.length, 1);
  assert.deepEqual(answers, []);
  questions[0]?.(document);
  assert.deepEqual(answers, ["fib true", "pay false", "fib true"]);
  assert.ok(calls.every(({ holder }) => holder === undefined));
});

for (const [what, result] of [["no answer", undefined], ["a document of another kind", "pong"]]) {
  Deno.test(`with ${what} a method counts as not idempotent, and is asked for again`, () => {
    const { questions, answers, of } = setUp();
    of("fib");
    questions[0]?.(result);
    assert.deepEqual(answers, ["fib false"]);
    of("fib");
    questions[1]?.(document);
    assert.deepEqual(answers, ["fib false", "fib true"]);
  });
}

Deno.test("a method that is not in the document counts as not idempotent", () => {
  const { questions, answers, of } = setUp();
  of("unheard");
  questions[0]?.(document);
  assert.deepEqual(answers, ["unheard false"]);
});

Deno.test("a call that is withdrawn while servers are asked gets no answer", () => {
  const { questions, answers, of } = setUp();
  of("fib").withdraw();
  of("pay");
  questions[0]?.(document);
  assert.deepEqual(answers, ["pay false"]);
});

Deno.test("an answer that comes at once leaves the call as its receiver left it", () => {
  const idempotence = new Idempotence((_method, _deadlineAtMs, answer) => answer(document));
  const call = new Call("fib", undefined, 1_000);
  const sentAgain = { withdraw() {} };
  idempotence.of(call, () => call.holder = sentAgain);
  assert.equal(call.holder, sentAgain);
});
