/**
 * Rounds of the event loop after which it has surely polled the system for input. While it is busy,
 * the runtime (tokio) polls once in 61 rounds. An empty round takes a microsecond.
 */
const roundsBetweenLooks = 64;

/**
 * Runs `callback` when all input that has arrived so far on other connections was handled. A timer
 * would do the same, but would waste two milliseconds.
 */
export function giveWay(callback: () => void): void {
  let rounds = 0;
  setImmediate(function next() {
    if (++rounds < roundsBetweenLooks) setImmediate(next);
    else callback();
  });
}
