import assert from "node:assert/strict";
import * as z from "zod";
import { LazyCallContext } from "../../../src/procedures/call_context.ts";
import { invoke, invokeStream } from "../../../src/procedures/invoke.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { PlainProcedure } from "../../../src/procedures/plain/plain_procedure.ts";

Deno.test("parameters are refused also where the schemas that refuse them cannot be loaded", async () => {
  const cause = new TypeError("Too many open files");
  const procedure = new PlainProcedure({
    ...{ names: ["n"], kind: "cpu", idempotent: false, description: "", stream: false },
    ...{ params: [{ required: true, schema: {} }], result: {}, isOpen: false },
    run: () => assert.fail("it does not run"),
    load: () => Promise.reject(cause),
  });
  const context = new LazyCallContext();
  const expected = {
    name: "InvalidParams",
    executed: "no",
    message: "Cannot call f: what it is given is not valid",
  };
  await assert.rejects(async () => await invoke("f", procedure, [], context), expected);
  await assert.rejects(async () => await invokeStream("f", procedure, [], context), expected);
});

Deno.test("one caller's mistake makes nobody's later calls go by the schemas", async () => {
  const options = { input: z.tuple([z.int()]), output: z.string() };
  const withSchemas = defineProcedure(options, () => "with schemas");
  const procedure = new PlainProcedure({
    ...{ names: ["n"], kind: "cpu", idempotent: false, description: "", stream: false },
    ...{ params: [{ required: true, schema: {} }], result: {}, isOpen: false },
    run: () => "without schemas",
    load: () => Promise.resolve(withSchemas),
  });
  const context = new LazyCallContext();
  await assert.rejects(async () => await invoke("f", procedure, [], context), {
    name: "InvalidParams",
  });
  assert.equal(invoke("f", procedure, [1], context), "without schemas");
});
