/**
 * Rounds of the event loop after which it has asked the system what has come. While there is
 * something to do it asks once in 61 of them, which is the runtime's own number; a round in which
 * nothing happens takes a microsecond.
 */
const roundsBetweenLooks = 64;

/**
 * Runs `callback` when all that has come by now on other connections has been dealt with. A timer
 * would do as well, and waste two milliseconds.
 */
export function giveWay(callback: () => void): void {
  let rounds = 0;
  setImmediate(function next() {
    if (++rounds < roundsBetweenLooks) setImmediate(next);
    else callback();
  });
}
