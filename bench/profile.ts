/**
 * Where our own processes spend their time, from the CPU profiles that `--profile` leaves:
 *
 *     deno run --allow-read bench/profile.ts <directory> [functions]
 */

/** What is read here of a profile. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const [directory = ".", shown = "20"] = Deno.args;
for (const { name } of Deno.readDirSync(directory)) {
  if (!name.endsWith(".cpuprofile")) continue;
  print(JSON.parse(Deno.readTextFileSync(`${directory}/${name}`)));
}

/**
 * Prints the functions in which the most time was spent, what they call left out, and waiting too.
 */
function print({ nodes, samples, timeDeltas }: Profile): void {
  const placeOf = new Map(nodes.map(({ id, callFrame }) => {
    const { functionName, url, lineNumber } = callFrame;
    const file = url.split("/").slice(-2).join("/");
    return [
      id,
      `${functionName || "(anonymous)"} ${file}${file && `:${lineNumber + 1}`}`,
    ];
  }));
  const selfUs = new Map<string, number>();
  let busyUs = 0;
  for (const [index, id] of samples.entries()) {
    const place = placeOf.get(id) ?? "";
    if (/^\((idle|program)\)/.test(place)) continue;
    const us = timeDeltas[index] ?? 0;
    busyUs += us;
    selfUs.set(place, (selfUs.get(place) ?? 0) + us);
  }
  const files = new Set(nodes.map(({ callFrame }) => callFrame.url));
  const entry = [...files].find((url) =>
    /\/(rpc_client|echo_(?:client|server)|main)\.ts$/.test(url)
  );
  console.log(
    `\n${entry?.split("/").at(-1)}: ${Math.round(busyUs / 1_000)} ms busy`,
  );
  const hottest = [...selfUs].sort(([, a], [, b]) => b - a).slice(
    0,
    Number(shown),
  );
  for (const [place, us] of hottest) {
    console.log(`${(100 * us / busyUs).toFixed(1).padStart(6)} %  ${place}`);
  }
}
