import assert from "node:assert/strict";
import * as z from "zod";
import {
  type ErrorName,
  errorTable,
  isOutcome,
  markAsOutcome,
  RpcError,
} from "../../src/base/errors.ts";
import { LazyCallContext } from "../../src/procedures/call_context.ts";
import { toFailure } from "../../src/procedures/failure.ts";
import { invoke } from "../../src/procedures/invoke.ts";
import { defineProcedure, type Procedure } from "../../src/procedures/procedure.ts";
import { startStream } from "../../src/procedures/stream_run.ts";

const none = z.tuple([]);
const any = z.unknown();

function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

/** The procedures that let `thrown` out, each in another way. */
function waysOut(thrown: unknown): Record<string, Procedure> {
  const raise = throwing(thrown);
  const plain = { input: none, output: any };
  return {
    "at once": defineProcedure(plain, raise),
    "by a promise": defineProcedure(plain, () => Promise.reject(thrown)),
    "by a getter of its result": defineProcedure(plain, () => ({
      get then() {
        return raise();
      },
    })),
    "by the schema of its result": defineProcedure(
      { input: none, output: any.transform(raise) },
      () => 1,
    ),
    "before the first item": defineProcedure({ ...plain, stream: true }, raise),
    "after an item": defineProcedure(plain, async function* () {
      yield 1;
      await Promise.resolve();
      raise();
    }),
    "after an item, at once": defineProcedure(plain, function* () {
      yield 1;
      raise();
    }),
    "while an item becomes JSON": defineProcedure(plain, function* () {
      yield { toJSON: raise };
    }),
  };
}

async function failureOf(procedure: Procedure): Promise<RpcError> {
  const context = new LazyCallContext();
  try {
    if (procedure.stream) {
      await startStream({ method: "order", procedure, params: [], context }, undefined).run();
    } else {
      await invoke("order", procedure, [], context);
    }
  } catch (error) {
    assert.ok(error instanceof RpcError, String(error));
    return error;
  }
  assert.fail("It returned");
}

for (const name of Object.keys(errorTable) as ErrorName[]) {
  Deno.test(`${name} of a call that a procedure made is the cause of its InternalError, whichever way it gets out`, async () => {
    const nested = markAsOutcome(new RpcError(name, "told by another", { executed: "no" }));
    for (const [way, procedure] of Object.entries(waysOut(nested))) {
      const { name: told, executed, message, issues, cause } = await failureOf(procedure);
      assert.deepEqual([told, executed, issues], ["InternalError", "yes", undefined], way);
      assert.equal(message, `order failed: ${name}: told by another`, way);
      assert.equal(cause, nested, way);
    }
  });
}

Deno.test("an RpcError of another copy of this program is one all the same", () => {
  const foreign = Object.assign(new Error("told by another"), {
    name: "Overloaded",
    executed: "no",
  });
  const failure = toFailure("order", foreign);
  assert.equal(failure.message, "order failed: Overloaded: told by another");
  assert.deepEqual([failure.name, failure.executed], ["InternalError", "yes"]);
});

Deno.test("a procedure says itself that its parameters are wrong, and that it ran (P-21)", async () => {
  const issues = [{ path: ["size", 0], message: "is no size" }];
  const own = new RpcError("InvalidParams", "No such size", { issues });
  for (const procedure of Object.values(waysOut(own))) {
    const failure = await failureOf(procedure);
    assert.deepEqual([failure.name, failure.executed], ["InvalidParams", "yes"]);
    assert.equal(failure.message, "No such size");
    assert.deepEqual(failure.issues, issues);
  }
});

Deno.test("issues that are none are left out, and their parts become texts", () => {
  const cases: [unknown, unknown][] = [
    [undefined, []],
    [1, []],
    ["x", []],
    [[undefined, 1, { path: 1 }], []],
    [[{ path: [1n], message: 1n }], [{ path: ["1"], message: "1" }]],
  ];
  for (const [given, left] of cases) {
    const own = new RpcError("InvalidParams", "No", { issues: given as undefined });
    assert.deepEqual(toFailure("order", own).issues, left);
  }
});

Deno.test("what a schema's function throws over the parameters refuses them, or is a failure", async () => {
  const checked = (thrown: unknown) =>
    defineProcedure(
      { input: z.tuple([any.optional().transform(throwing(thrown))]), output: any },
      () => 1,
    );
  const refused = await failureOf(checked(new RpcError("InvalidParams", "Not today")));
  assert.deepEqual([refused.name, refused.executed], ["InvalidParams", "no"]);
  for (const thrown of [new RpcError("Overloaded", "Full"), new Error("Full"), undefined]) {
    const failed = await failureOf(checked(thrown));
    assert.deepEqual([failed.name, failed.executed], ["InternalError", "yes"]);
  }
});

Deno.test("whatever is thrown has a message", () => {
  const hostile = new Error("x");
  Object.defineProperty(hostile, "message", { get: throwing(new Error("no")) });
  for (const thrown of [hostile, Object.create(null), Symbol("s"), undefined, null, 1n]) {
    const failure = toFailure("order", thrown);
    assert.equal(failure.name, "InternalError");
    assert.match(failure.message, /^order failed: /);
  }
});

Deno.test("what has no text is said to tell nothing", () => {
  for (const thrown of ["", Object.assign(new Error(), { name: "" })]) {
    assert.equal(toFailure("order", thrown).message, "order failed: it does not say why");
  }
});

Deno.test("marking an outcome twice, or what is none, does no harm", () => {
  const error = new RpcError("Draining", "It stops");
  assert.ok(!isOutcome(error));
  assert.ok(isOutcome(markAsOutcome(markAsOutcome(error))));
});

Deno.test("a missing permission is told with the flag of rpc serve, in a compiled program too", () => {
  const needs = 'Requires read access to "/etc/passwd"';
  const byCompiler =
    `${needs}, specify the required permissions during compilation using \`deno compile --allow-read\``;
  assert.equal(
    toFailure("read", new Deno.errors.NotCapable(byCompiler)).message,
    `read failed: ${needs}, run again with the --allow-read flag`,
  );
});

Deno.test("an import that fails in a compiled program is told in plain words, without the source", () => {
  const shut = 'JsErrorBox { inner: Os { code: 13, kind: PermissionDenied, message: "Permission ' +
    'denied" } }';
  assert.equal(
    toFailure("load", new TypeError(shut)).message,
    "load failed: A module cannot be read: Permission denied (os error 13)",
  );
  const unparsed = "JsErrorBox { inner: ParseDiagnostic(ParseDiagnosticInner { specifier: Url { " +
    'path: "/no/such%zz.ts", query: None }, range: SourceRange { start: SourcePos(13), end: ' +
    'SourcePos(14) }, kind: Unexpected { got: "=", expected: "a name" }, source: SourceTextInfo { ' +
    'start_pos: StartSourcePos(0), text: "export const = \\"secret\\"" } }) }';
  assert.equal(
    toFailure("load", new TypeError(unparsed)).message,
    "load failed: Expected a name, got = at file:///no/such%zz.ts",
  );
});
