/** Node paths: what the server accepts, and the translation below a chroot. */

import { ZooKeeperError } from "./errors.ts";

/**
 * Refuses a path that the server would refuse: it must begin with a slash, not end with one, and
 * have neither empty nor `.` nor `..` segments nor control characters.
 *
 * @throws {ZooKeeperError} BAD_ARGUMENTS
 */
export function checkPath(path: string): void {
  if (path === "/") return;
  const [first, ...segments] = path.split("/");
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  const odd = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/.test(path);
  const sound = first === "" && segments.length > 0 && !odd &&
    segments.every((segment) => segment !== "" && segment !== "." && segment !== "..");
  if (!sound) {
    throw new ZooKeeperError(
      "BAD_ARGUMENTS",
      `Cannot use ${JSON.stringify(path)} as a ZooKeeper path: write /segment/segment`,
    );
  }
}

/** The path as the server knows it. */
export function toServerPath(chroot: string, path: string): string {
  checkPath(path);
  if (chroot === "") return path;
  return path === "/" ? chroot : chroot + path;
}

/** The path as the client's user knows it. */
export function fromServerPath(chroot: string, serverPath: string): string {
  if (chroot === "") return serverPath;
  return serverPath === chroot ? "/" : serverPath.slice(chroot.length);
}

/** Every node from the root's child down to the path itself: `/a`, `/a/b`, `/a/b/c`. */
export function prefixesOf(path: string): string[] {
  const segments = path.split("/").filter((segment) => segment !== "");
  return segments.map((_, index) => "/" + segments.slice(0, index + 1).join("/"));
}
