import { timingSafeEqual } from "node:crypto";

const utf8 = new TextEncoder();

/** Whether a text is a secret, in a time that says nothing of how much of it is right. */
export function isSameSecret(given: string, secret: string): boolean {
  if (given.length !== secret.length) return false;
  const [one, other] = [utf8.encode(given), utf8.encode(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}
