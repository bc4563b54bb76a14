import { timingSafeEqual } from "node:crypto";

const utf8 = new TextEncoder();

/** Whether a text equals a secret, in a time that does not tell how much of it is right. */
export function isSameSecret(given: string, secret: string): boolean {
  if (given.length !== secret.length) return false;
  const [one, other] = [utf8.encode(given), utf8.encode(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}
