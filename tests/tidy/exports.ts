/** Exports that nobody outside their file uses: each is a promise to readers that nobody keeps. */

import { codeOf, importsOf, type SourceFile } from "./source.ts";

/** Modules that a table loads when they are wanted, each with the name by which it calls them. */
const loadedByName: readonly (readonly [RegExp, string])[] = [
  [/^src\/cli\/(?:config|\w+\/\w+|call\/brief\/brief_call)\.ts$/, "run"],
];

/** What may be exported though tests alone use it, or nobody, by the reason for it. */
export const usedByNoProgram: Readonly<Record<string, readonly string[]>> = {
  "Pure: what it makes is else seen on a terminal, in a file or in a process's end only.": [
    "src/cli/servers/table.ts linesOf",
    "src/cli/servers/watch.ts eventJson",
    "src/terminal/keys.ts keysOf",
    "src/cli/syntax/settings_writer.ts withSetting",
    "src/client/tls/tls_transport.ts connectGreeted",
    "src/demo/screen.ts frameOf",
    "src/gateway/door/problem.ts statusOf",
    "src/library/running/advertise.ts advertisedAddress",
    "src/library/running/pipe_threads.ts pipeThreadsOf",
    "src/library/running/pipe_threads.ts processesOf",
    "src/base/names/nearest.ts editDistance",
    "src/wire/codec.ts decodeAnyReply",
  ],
  "What is done where a kernel or a right is missing, which a test has by its name.": [
    "src/workers/child/end_with_parent.ts watchParent",
  ],
  "A bound or a time, which a test goes up to and beyond.": [
    "src/base/deadline_wheel.ts wheelLingerMs",
    "src/base/spare_buffers.ts SpareBuffers",
    "src/base/system/give_way.ts linesBetweenPauses",
    "src/discovery/last_known/last_known.ts savePeriodMs",
    "src/discovery/last_known/last_known.ts silenceMs",
    "src/procedures/params.ts issuesMax",
    "src/server/bounds/session_limits.ts sessionLimitsDefault",
    "src/workers/process/send_ahead.ts sendAheadMax",
    "src/workers/process/stderr_lines.ts stderrLineLengthMax",
    "src/zookeeper/operations.ts operationBytesMax",
    "src/zookeeper/operations.ts operationsMax",
    "src/zookeeper/watchers.ts setWatchesBytesMax",
  ],
  "A schema that says what messages are; what reads them quickly is held to it.": [
    "src/procedures/openrpc.ts openRpcMethodSchema",
    "src/wire/message.ts cancelParamsSchema",
    "src/wire/message.ts discoverParamsSchema",
    "src/wire/message.ts errorDataSchema",
    "src/wire/message.ts itemParamsSchema",
    "src/wire/message.ts moreParamsSchema",
    "src/wire/message.ts responseSchema",
  ],
  "The form of what a test puts in its place, or hands in.": [
    "src/client/call.ts CallEndpoint",
    "src/discovery/local/directory.ts LocalEnvironment",
    "src/discovery/local/local.ts LocalDiscoveryOptions",
    "src/keys/authority.ts keyAlgorithm",
    "src/keys/authority.ts signing",
    "src/keys/join/invitation.ts Joined",
    "src/library/running/exposure.ts Exposure",
    "src/terminal/progress.ts ProgressTerminal",
    "src/terminal/result_writer.ts ResultOutput",
    "src/wire/outbox.ts Sink",
    "src/workers/pool/pool.ts WorkerPoolOptions",
  ],
  "What a test has a process of its own do, by the name.": [
    "src/workers/child/end_with_parent.ts watchParent",
  ],
};

const declaration =
  /^export (?:default )?(?:declare )?(?:async )?(?:abstract )?(?:function\*?|class|const|let|interface|type|enum) (\w+)/gm;

/**
 * What files of `src` export and no other file of the program uses, as sentences. A test is no
 * part of the program: that it uses a name is no reason to let the name out.
 *
 * @param allowed what may go unused, as `path name`
 */
export function unusedExports(
  files: readonly SourceFile[],
  allowed: ReadonlySet<string> = new Set(),
): string[] {
  const code = new Map(files.map(({ path, text }) => [path, codeOf(text)]));
  const importers = new Map<string, string[]>();
  for (const { path, text } of files) {
    if (path.startsWith("tests/")) continue;
    for (const target of new Set(targetsOf(path, text))) {
      importers.set(target, [...importers.get(target) ?? [], path]);
    }
  }
  return files.flatMap(({ path }) => {
    if (!path.startsWith("src/")) return [];
    const names = [...(code.get(path) ?? "").matchAll(declaration)].map(([, name = ""]) => name);
    return names.flatMap((name) => {
      const word = new RegExp(`\\b${name}\\b`);
      const isUsed = importers.get(path)?.some((user) => word.test(code.get(user) ?? "")) ||
        loadedByName.some(([paths, loaded]) => name === loaded && paths.test(path));
      if (isUsed || allowed.has(`${path} ${name}`)) return [];
      return [`${path} exports ${name}, which nobody else uses`];
    });
  });
}

function targetsOf(path: string, text: string): string[] {
  return importsOf(text).flatMap(({ specifier }) =>
    specifier?.startsWith(".")
      ? [new URL(specifier, `file:///${path}`).pathname.slice(1)]
      : specifier === "rpc"
      ? ["src/mod.ts"]
      : []
  );
}
