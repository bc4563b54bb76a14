import { systemClock } from "../../../base/clock.ts";
import { AcceptedSockets } from "../../../base/system/accepted_sockets.ts";
import { SilentDrop } from "./silent_drop.ts";
import { ThreadTime } from "./thread_time.ts";
import { Watch } from "./watch.ts";
import { signsAt, stopAt, type WatchSaid, type WatchStart } from "./watch_start.ts";

function watch({ shared, questions, mainThread, port, bytesMax }: WatchStart): void {
  const say = (said: WatchSaid) => questions.postMessage(said);
  const sockets = AcceptedSockets.open();
  const silent = sockets && SilentDrop.open(sockets);
  const time = ThreadTime.open();
  if (sockets === undefined || silent === undefined || time === undefined) return;
  let signs = 0;
  new Watch({
    ...{ sockets, silent, port, bytesMax, clock: systemClock },
    usedMs: () => time.usedMs(mainThread) ?? 0,
    ask() {
      signs = Atomics.load(shared, signsAt);
      say({ asks: true });
    },
    pause: (ms) => void Atomics.wait(shared, stopAt, 0, ms),
    wait(ms) {
      Atomics.wait(shared, signsAt, signs, ms);
      // Most signs wake nobody.
      return Atomics.load(shared, signsAt) !== signs;
    },
    isStopped: () => Atomics.load(shared, stopAt) !== 0,
    dropped: (peer) => say({ dropped: peer }),
  }).run();
}

addEventListener("message", (event) => watch((event as MessageEvent<WatchStart>).data), {
  once: true,
});
