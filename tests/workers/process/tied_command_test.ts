import assert from "node:assert/strict";
import { tiedCommand } from "../../../src/workers/process/tied_command.ts";

Deno.test("tiedCommand() leaves what cannot be started to fail under its own name", async () => {
  for (const program of ["no-such-program-at-all", "/no/such/program", "/"]) {
    const command = { program, args: ["a"] };
    const ownGroup = Deno.build.os !== "windows";
    assert.deepEqual(await tiedCommand(command), { ...command, ...(ownGroup ? { ownGroup } : {}) });
  }
});

Deno.test("tiedCommand() starts the same program with the same arguments", async () => {
  const { program, args } = await tiedCommand({
    program: Deno.execPath(),
    args: ["eval", "--no-lock", "console.log(Deno.args.join())", "--pdeathsig", "a b"],
  });
  const { stdout } = await new Deno.Command(program, { args: [...args] }).output();
  assert.equal(new TextDecoder().decode(stdout), "--pdeathsig,a b\n");
});
