import assert from "node:assert/strict";
import { silentLogger } from "../../src/base/log.ts";
import { keyFiles } from "../../src/keys/files.ts";
import { openKeys, registryTls } from "../../src/library/own_keys.ts";

Deno.test("RPC_INSECURE means to a program what it means to rpc", async () => {
  const directory = await Deno.makeTempDir();
  try {
    // What is no certificate cannot be used, so it shows whether anybody looks at it.
    await Deno.writeTextFile(`${directory}/${keyFiles.machine}`, "");
    Deno.env.set("RPC_KEYS", directory);
    for (const text of ["true", "1"]) {
      Deno.env.set("RPC_INSECURE", text);
      assert.equal(await openKeys({}, silentLogger), undefined, text);
    }
    for (const text of ["false", "0", ""]) {
      Deno.env.set("RPC_INSECURE", text);
      await assert.rejects(openKeys({}, silentLogger), { name: "CommandError" }, text);
    }
    Deno.env.set("RPC_INSECURE", "yes");
    await assert.rejects(openKeys({}, silentLogger), {
      name: "InvalidParams",
      message: 'Cannot use "yes" for insecure: it must be true or false',
    });
    assert.equal(await openKeys({ insecure: true }, silentLogger), undefined);
  } finally {
    Deno.env.delete("RPC_KEYS");
    Deno.env.delete("RPC_INSECURE");
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("keys that cannot be used for the first connection to a registry are looked at again", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/${keyFiles.machine}`, "");
    Deno.env.set("RPC_KEYS", directory);
    const openTls = registryTls({}, silentLogger);
    const connect = () => openTls({ host: "127.0.0.1", port: 1 }, AbortSignal.timeout(180_000));
    await assert.rejects(connect(), { name: "CommandError" });
    Deno.env.set("RPC_INSECURE", "true");
    assert.equal(await connect(), undefined);
  } finally {
    Deno.env.delete("RPC_KEYS");
    Deno.env.delete("RPC_INSECURE");
    await Deno.remove(directory, { recursive: true });
  }
});
