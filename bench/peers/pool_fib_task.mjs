/** What piscina's workers compute: the same plain recursion as everywhere here. */

/** @param {number} n */
export default function fibonacci(n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
