import { printLine, printOnStderr } from "../../terminal/stdout.ts";
import { systemClock } from "../../base/clock.ts";
import { CommandError, exitCodes } from "../../base/command_error.ts";
import { listenProblem } from "../../base/system/listen_problem.ts";
import { signRequest } from "../../keys/authority.ts";
import {
  freeName,
  issue,
  openAuthorityFiles,
  readAuthority,
  wasIssued,
} from "../../keys/authority_files.ts";
import { readCertificate } from "../../keys/certificate.ts";
import { lockIssued } from "../../keys/file_writing.ts";
import { requiredKeysDirectory } from "../../keys/files.ts";
import { Invitation } from "../../keys/join/invitation.ts";
import { assertMachineName } from "../../keys/names.ts";
import { formatRights, machineRights, parseRights } from "../../keys/rights.ts";
import { createToken, formatToken } from "../../keys/join/token.ts";
import { plainLogger } from "../process/plain_logger.ts";
import type { KeysInput } from "./input.ts";
import { placeOf } from "./place.ts";

/** `rpc keys invite HOST:PORT`: waits until one machine has joined. */
export async function invite({ flags }: KeysInput, target: string): Promise<number> {
  const { host, port } = placeOf(target);
  const rights = flags.rights === undefined ? machineRights : parseRights(flags.rights);
  if (flags.name !== undefined) assertMachineName(flags.name);
  const directory = requiredKeysDirectory();
  const authority = await openAuthorityFiles(directory);
  // A token is good once: what would keep its member from the list is told before it is used.
  (await lockIssued(directory))[Symbol.dispose]();
  const token = createToken(authority.cluster);
  const listener = listen(host, port, target);
  if (!printLine(formatToken(token))) throw new CommandError("Nobody has read the token");
  printOnStderr(
    `rpc: good once, for 15 minutes, for the rights ${formatRights(rights)}; on the other ` +
      `machine: rpc keys join ${
        /^(0\.0\.0\.0|::)$/.test(host) ? `<this machine>:${port}` : target
      }`,
  );
  // Whose keys did not come may try again, and nobody gets keys of two names by one token.
  let given: { readonly asked: string; readonly name: string } | undefined;
  const nameFor = (asked: string, mayDiffer: boolean) => {
    if (flags.name !== undefined) return flags.name;
    if (given !== undefined) {
      if (given.name === asked || given.asked === asked && mayDiffer) return given.name;
      throw new Error(
        `this token has made keys for ${given.name} and makes no others; join with --name ` +
          `${given.name}, or have the inviter run it again: rpc keys invite ${target}`,
      );
    }
    if (!wasIssued(directory, asked)) return asked;
    if (mayDiffer) return freeName(directory, asked);
    // Who joins chooses a name, and must not choose somebody else's.
    throw new Error(
      `there is a member called ${asked} already; choose another --name, or have the inviter ` +
        `say so: rpc keys invite ${target} --name ${asked}`,
    );
  };
  const joined = await Invitation.wait({
    listener,
    token,
    authority: readAuthority(directory) ?? "",
    sign: async (asked, request) => {
      const nowMs = systemClock.wallTimeMs();
      const choose = () => ({ name: nameFor(asked.name, asked.mayDiffer), rights });
      const { name, certificate } = await issue(directory, choose, async (subject) => ({
        name: subject.name,
        certificate: await signRequest(authority, request, subject, nowMs),
      }), nowMs);
      given = { asked: asked.name, name };
      return certificate;
    },
    clock: systemClock,
    log: plainLogger(false),
  });
  printOnStderr(`rpc: joined: ${readCertificate(joined.certificate).name}`);
  return exitCodes.success;
}

function listen(host: string, port: number, target: string): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: host, port });
  } catch (error) {
    throw new CommandError(
      `Cannot wait at ${target}: ${listenProblem(error, { host, port }, false)}`,
      {
        cause: error,
      },
    );
  }
}
