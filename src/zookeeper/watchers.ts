/** The watchers of a session. Watches fire once, as the server's do, but for those of trees. */

import type { ServerEventType, WatchedPaths } from "./protocol.ts";

/** Something happened to a watched path. */
export interface WatchEvent {
  /**
   * `lost`: the session expired, and the watch with it: read and watch again once connected. The
   * other types are the server's.
   */
  readonly type: ServerEventType | "lost";
  readonly path: string;
}

/** Takes one event. What it throws is only logged. */
export type Watcher = (event: WatchEvent) => void;

/** The read that registered a watch, which decides what events fire it. */
export type WatchKind = keyof WatchedPaths;

const kindsByEvent: Record<ServerEventType, readonly WatchKind[]> = {
  created: ["data", "exists"],
  changed: ["data", "exists"],
  deleted: ["data", "exists", "children"],
  children: ["children"],
};

/**
 * Most bytes of paths in one setWatches request: well below a server's default `jute.maxbuffer` of
 * a megabyte, past which it drops the connection, each time anew.
 */
export const setWatchesBytesMax = 128 * 1024;

/** The watchers that a session has registered, by server path. */
export class Watchers {
  readonly #byKind: Record<WatchKind, Map<string, Set<Watcher>>> = {
    data: new Map(),
    exists: new Map(),
    children: new Map(),
  };

  /** Watchers of a path and everything below, which stay after an event. */
  readonly #trees = new Map<string, Set<Watcher>>();

  /** Registers a watcher of a path and all below it. */
  addTree(path: string, watcher: Watcher): void {
    const watchers = this.#trees.get(path);
    if (watchers === undefined) this.#trees.set(path, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Removes a tree's watcher. Returns whether it was the path's last one. */
  removeTree(path: string, watcher: Watcher): boolean {
    const watchers = this.#trees.get(path);
    return watchers?.delete(watcher) === true && watchers.size === 0 && this.#trees.delete(path);
  }

  /** The paths of the watched trees. */
  get trees(): readonly string[] {
    return [...this.#trees.keys()];
  }

  /** Removes and returns the watchers of all trees. */
  takeTrees(): Map<string, Set<Watcher>> {
    const taken = new Map(this.#trees);
    this.#trees.clear();
    return taken;
  }

  /** Registers a watcher. One that is registered twice for a path and kind is told once. */
  add(kind: WatchKind, path: string, watcher: Watcher): void {
    const watchers = this.#byKind[kind].get(path);
    if (watchers === undefined) this.#byKind[kind].set(path, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Returns the watchers that an event concerns, each once, and removes them but for trees'. */
  take(type: ServerEventType, path: string): Set<Watcher> {
    const taken = new Set<Watcher>();
    for (const kind of kindsByEvent[type]) {
      for (const watcher of this.#byKind[kind].get(path) ?? []) taken.add(watcher);
      this.#byKind[kind].delete(path);
    }
    // Watchers of trees get events of the children themselves.
    if (type === "children") return taken;
    for (const [root, watchers] of this.#trees) {
      if (!isWithin(path, root)) continue;
      for (const watcher of watchers) taken.add(watcher);
    }
    return taken;
  }

  /** Removes and returns all watchers by path. */
  takeAll(): Map<string, Set<Watcher>> {
    const taken = this.takeTrees();
    for (const watchersByPath of Object.values(this.#byKind)) {
      for (const [path, watchers] of watchersByPath) {
        taken.set(path, watchers.union(taken.get(path) ?? new Set()));
      }
      watchersByPath.clear();
    }
    return taken;
  }

  /** All watched paths in chunks of at most `bytesMax` (a longer path has its own). */
  *chunks(bytesMax = setWatchesBytesMax): Generator<WatchedPaths, void> {
    let chunk = emptyChunk();
    let chunkBytes = 0;
    for (const kind of ["data", "exists", "children"] as const) {
      for (const path of this.#byKind[kind].keys()) {
        // 3 bytes are the most that a UTF-16 code unit takes in UTF-8, and 4 are its length prefix.
        const pathBytes = path.length * 3 + 4;
        if (chunkBytes > 0 && chunkBytes + pathBytes > bytesMax) {
          yield chunk;
          chunk = emptyChunk();
          chunkBytes = 0;
        }
        chunk[kind].push(path);
        chunkBytes += pathBytes;
      }
    }
    if (chunkBytes > 0) yield chunk;
  }
}

function isWithin(path: string, root: string): boolean {
  return path === root || root === "/" || path.startsWith(`${root}/`);
}

function emptyChunk(): Record<WatchKind, string[]> {
  return { data: [], exists: [], children: [] };
}
