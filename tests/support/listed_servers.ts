import type { Instance } from "../../src/discovery/discovery.ts";
import { encodeInstance } from "../../src/discovery/instance_json.ts";
import { OwnRegistration } from "../../src/discovery/local/files.ts";
import type { RpcHome } from "./rpc_process.ts";

/** Lists servers of other programs in a home's registry, until they are disposed of. */
export async function listed(
  home: RpcHome,
  ...instances: readonly Instance[]
): Promise<AsyncDisposable> {
  const directory = `${home.directory}/registry/rpc`;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const all = await Promise.all(
    instances.map((one) => OwnRegistration.publish(directory, (id) => encodeInstance(one, id))),
  );
  return {
    async [Symbol.asyncDispose]() {
      for (const own of all) await own.remove();
    },
  };
}
