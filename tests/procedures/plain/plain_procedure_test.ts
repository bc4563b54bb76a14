import assert from "node:assert/strict";
import { LazyCallContext } from "../../../src/procedures/call_context.ts";
import { invoke, invokeStream } from "../../../src/procedures/invoke.ts";
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
