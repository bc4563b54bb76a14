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

/** Processor time that it has taken, user and system, in milliseconds: ticks of a hundredth. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
