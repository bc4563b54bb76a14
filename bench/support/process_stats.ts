/** What the kernel says of a process. Linux only. */

/** Why there may be no figures. */
export const statsAbsent = Deno.build.os === "linux" ? undefined : "memory is read from /proc";

/** Its memory that is in use now, in KiB. */
export async function residentKib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]);
}

/** The files and sockets that it has open. */
export async function handleCount(pid: number): Promise<number> {
  let count = 0;
  for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) count++;
  return count;
}

/**
 * Processor time that it and its children have taken, user and system, in milliseconds: ticks of a
 * hundredth.
 */
export async function treeCpuMs(pid: number): Promise<number> {
  const each = (await tree(pid)).map(async (pid) => {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  });
  return (await Promise.all(each)).reduce((sum, ms) => sum + ms, 0);
}

/**
 * Memory of it and its children, in KiB: `all`, where what several processes share counts once
 * among them, and what of that is `own`, of no file.
 */
export async function treePssKib(
  pid: number,
): Promise<{ readonly all: number; readonly own: number }> {
  const sum = { all: 0, own: 0 };
  for (const one of await tree(pid)) {
    const rollup = await Deno.readTextFile(`/proc/${one}/smaps_rollup`);
    sum.all += Number(/^Pss:\s*(\d+) kB$/m.exec(rollup)?.[1]);
    sum.own += Number(/^Pss_Anon:\s*(\d+) kB$/m.exec(rollup)?.[1]);
  }
  return sum;
}

/** A process, its children, theirs, and so on. */
async function tree(pid: number): Promise<number[]> {
  const found = [pid];
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const children = await Deno.readTextFile(`/proc/${pid}/task/${name}/children`);
    for (const child of children.split(" ").filter((text) => text !== "")) {
      found.push(...await tree(Number(child)));
    }
  }
  return found;
}
