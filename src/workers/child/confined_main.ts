/**
 * The program of a worker of ours in a sandbox, in a binary. It is started twice, as the same
 * process: the first start confines itself by Landlock and becomes the second one, which runs the
 * worker's program in a thread with few permissions and has none itself
 * (docs/adr/0069-a-binary-has-a-sandbox.md).
 *
 * Its last argument is a {@link ConfinedOffer} as JSON, with {@link confinedMark} before it at the
 * second start.
 */

import { messageOf } from "../../base/errors.ts";
import type { WorkerOffer } from "./run_as_worker.ts";
import { confinementOf } from "../sandbox/confinement.ts";
import { becomeConfined, keepDescriptors } from "../sandbox/landlock.ts";
import { onExit } from "./thread_exit.ts";
import { permissionNames, type Permissions, withNeeds } from "../sandbox/permissions.ts";

/** The procedures of a worker in a sandbox. */
interface ConfinedOffer extends WorkerOffer {
  readonly permissions: Permissions;
}

const confinedMark = "confined";

/** A file that no sandbox lets anybody read. */
const neverReadable = "/proc/self/environ";

/** Kinds of permissions that no flag gives. */
const neverGiven = ["sys", "ffi", "import"] as const;

try {
  enter();
} catch (error) {
  const [{ refuseToWork }, { takeStdio }] = await Promise.all([
    import("./refuse_to_work.ts"),
    import("./worker_stdio.ts"),
  ]);
  await refuseToWork(`Cannot make a sandbox: ${messageOf(error)}`, takeStdio());
  Deno.exit(1);
}

function enter(): void {
  const text = Deno.args.at(-1) ?? "{}";
  const { module, permissions }: ConfinedOffer = JSON.parse(text);
  if (Deno.args.at(-2) === confinedMark) return startThread(permissions);
  const args = [...Deno.args.slice(0, -1), confinedMark, text];
  becomeConfined(confinementOf(module, permissions), args);
}

/** The process ends with the thread: nothing else keeps it. */
function startThread(permissions: Permissions): void {
  assertConfined();
  keepDescriptors();
  const needed = withNeeds(permissions);
  const all = [...permissionNames, ...neverGiven];
  const options = {
    type: "module",
    name: "procedures",
    deno: {
      permissions: Object.fromEntries(
        all.map((name) => [name, name in needed ? needed[name as keyof Permissions] : false]),
      ),
    },
  } as const;
  // As it lies in a binary (`tasks/bundle.ts`).
  const program = new URL("../src/workers/child/worker_main.js", import.meta.url);
  onExit(new Worker(program, options), (code) => Deno.exit(code));
  // The thread has its own by now.
  for (const name of all) Deno.permissions.revokeSync({ name });
}

/** @throws {Error} it is not */
function assertConfined(): void {
  try {
    Deno.openSync(neverReadable).close();
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return;
    throw error;
  }
  throw new Error(`${neverReadable} can be read`);
}
