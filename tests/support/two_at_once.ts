/**
 * Looks at each item, two at a time and in their order: what starts a process for each takes two
 * cores half as long. Of those that fail, the first one's error is thrown, once all have ended.
 */
export async function twoAtOnce<Item>(
  items: Iterable<Item>,
  look: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const one = async () => {
    for (let next = left.next(); errors.length === 0 && !next.done; next = left.next()) {
      await look(next.value).catch((error) => errors.push(error));
    }
  };
  await Promise.all([one(), one()]);
  if (errors.length > 0) throw errors[0];
}
