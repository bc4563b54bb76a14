/**
 * ZooKeeper's messages as bytes: requests to frames, payloads to values. Pure.
 * The source is `zookeeper.jute` and `ZooDefs.java` of ZooKeeper 3.8; older servers from 3.4 agree.
 */

import { ZooKeeperError } from "./errors.ts";
import { type JuteReader, JuteWriter } from "./jute.ts";

/** Request types. */
export const Opcode = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  ping: 11,
  getChildren2: 12,
  removeWatches: 18,
  createContainer: 19,
  auth: 100,
  setWatches: 101,
  setWatches2: 105,
  addWatch: 106,
  closeSession: -11,
} as const;

/** Transaction ids that stand for a kind of message instead of one request. */
export const Xid = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;

/** Bits of {@link Acl.permissions}. */
export const Permission = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/** Who may do what to a node. */
export interface Acl {
  /** A sum of {@link Permission} bits. */
  readonly permissions: number;
  readonly scheme: string;
  readonly id: string;
}

/** Anyone may do anything. */
export const openAcl: readonly Acl[] = [
  { permissions: Permission.all, scheme: "world", id: "anyone" },
];

/** Anyone may read; only the creator's identity may do the rest. */
export const readableAcl: readonly Acl[] = [
  { permissions: Permission.all, scheme: "auth", id: "" },
  { permissions: Permission.read, scheme: "world", id: "anyone" },
];

/** Only the creator's identity may do anything. */
export const creatorAcl: readonly Acl[] = [{ permissions: Permission.all, scheme: "auth", id: "" }];

/** The kind of node to create; a sequential one gets ten digits appended to its name. */
export type CreateMode =
  | "persistent"
  | "ephemeral"
  | "persistent_sequential"
  | "ephemeral_sequential"
  | "container";

const createFlags: Record<CreateMode, number> = {
  persistent: 0,
  ephemeral: 1,
  persistent_sequential: 2,
  ephemeral_sequential: 3,
  container: 4,
};

/**
 * What the server keeps about a node. Times are in milliseconds since 1970 UTC, by the server's
 * clock.
 */
export interface Stat {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** The session that owns an ephemeral node; 0 for others. */
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: bigint;
}

/** What identifies a session when it is resumed on the next connection. */
interface SessionIdentity {
  /** 0: no session yet. */
  readonly id: bigint;
  readonly password: Uint8Array;
}

/** Asks for a new session. */
export const noSession: SessionIdentity = { id: 0n, password: new Uint8Array(16) };

/** The first frame on a connection. It has no header. */
export function encodeConnect(
  session: SessionIdentity,
  lastZxid: bigint,
  timeoutMs: number,
): Uint8Array {
  return new JuteWriter().int(0).long(lastZxid).int(timeoutMs).long(session.id)
    .buffer(session.password).bool(false).frame();
}

/** A server's answer to {@link encodeConnect}. */
export interface SessionGrant extends SessionIdentity {
  /** How long the session survives without contact; 0 or less: it has expired already. */
  readonly timeoutMs: number;
}

/**
 * Reads the answer to {@link encodeConnect}: the first frame of a connection, which has no reply
 * header.
 */
export function decodeConnect(reader: JuteReader): SessionGrant {
  reader.int();
  return { timeoutMs: reader.int(), id: reader.long(), password: reader.buffer() };
}

/** Asks for a sign of life, and keeps the session alive. */
export function encodePing(): Uint8Array {
  return new JuteWriter().int(Xid.ping).int(Opcode.ping).frame();
}

/** Adds an identity to the connection, for example scheme `digest` with `user:password`. */
export function encodeAuth(scheme: string, credentials: string): Uint8Array {
  return new JuteWriter().int(Xid.auth).int(Opcode.auth).int(0).string(scheme).string(credentials)
    .frame();
}

/** Server paths by kind of watch. */
export interface WatchedPaths {
  readonly data: readonly string[];
  readonly exists: readonly string[];
  readonly children: readonly string[];
}

/** Registers watches again; the server fires those at once whose nodes changed after `lastZxid`. */
export function encodeSetWatches(lastZxid: bigint, paths: WatchedPaths): Uint8Array {
  const writer = new JuteWriter().int(Xid.setWatches).int(Opcode.setWatches).long(lastZxid);
  for (const list of [paths.data, paths.exists, paths.children]) {
    writer.list(list, (w, path) => w.string(path));
  }
  return writer.frame();
}

/** The mode of {@link encodeAddWatch}: a path and everything below, until the watch is removed. */
const persistentRecursive = 1;

/** The kind of watches to remove: any. */
const anyWatches = 3;

/** Watches a path and everything below, even if it does not exist. Needs ZooKeeper 3.6. */
export function encodeAddWatch(xid: number, path: string): Uint8Array {
  return new JuteWriter().int(xid).int(Opcode.addWatch).string(path).int(persistentRecursive)
    .frame();
}

/** Removes the watches of a path. */
export function encodeRemoveWatches(xid: number, path: string): Uint8Array {
  return new JuteWriter().int(xid).int(Opcode.removeWatches).string(path).int(anyWatches).frame();
}

/** Registers watches of {@link encodeAddWatch} again. Missed events are not repeated. */
export function encodeSetTreeWatches(lastZxid: bigint, paths: readonly string[]): Uint8Array {
  const writer = new JuteWriter().int(Xid.setWatches).int(Opcode.setWatches2).long(lastZxid);
  for (const list of [[], [], [], [], paths]) writer.list(list, (w, path) => w.string(path));
  return writer.frame();
}

/** Creates a node. Container nodes have an operation of their own, which old servers lack. */
export function encodeCreate(
  xid: number,
  path: string,
  data: Uint8Array,
  mode: CreateMode,
  acl: readonly Acl[],
): Uint8Array {
  return new JuteWriter().int(xid)
    .int(mode === "container" ? Opcode.createContainer : Opcode.create)
    .string(path).buffer(data)
    .list(acl, (w, entry) => w.int(entry.permissions).string(entry.scheme).string(entry.id))
    .int(createFlags[mode]).frame();
}

/** The request of exists, getData and getChildren2. */
export function encodeRead(
  xid: number,
  opcode: typeof Opcode.exists | typeof Opcode.getData | typeof Opcode.getChildren2,
  path: string,
  watch: boolean,
): Uint8Array {
  return new JuteWriter().int(xid).int(opcode).string(path).bool(watch).frame();
}

/** Replaces a node's data if it has this version; -1 means any. */
export function encodeSetData(
  xid: number,
  path: string,
  data: Uint8Array,
  version: number,
): Uint8Array {
  return new JuteWriter().int(xid).int(Opcode.setData).string(path).buffer(data).int(version)
    .frame();
}

/** Deletes a node without children if it has this version; -1 means any. */
export function encodeDelete(xid: number, path: string, version: number): Uint8Array {
  return new JuteWriter().int(xid).int(Opcode.delete).string(path).int(version).frame();
}

/** Ends the session, and with it its ephemeral nodes. */
export function encodeCloseSession(xid: number): Uint8Array {
  return new JuteWriter().int(xid).int(Opcode.closeSession).frame();
}

/** The beginning of every frame after the first. */
interface ReplyHeader {
  readonly xid: number;
  /** The last transaction that the server had seen; not above 0 in notifications. */
  readonly zxid: bigint;
  /** 0, or a number of the server's error list. */
  readonly error: number;
}

/** Reads the beginning of every frame after the first. */
export function decodeReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), error: reader.int() };
}

/** Reads a node's {@link Stat}. */
export function decodeStat(reader: JuteReader): Stat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    ctimeMs: Number(reader.long()),
    mtimeMs: Number(reader.long()),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.long(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.long(),
  };
}

/** What happened to a watched path. */
export type ServerEventType = "created" | "deleted" | "changed" | "children";

const eventTypes: readonly (ServerEventType | undefined)[] = [
  undefined,
  "created",
  "deleted",
  "changed",
  "children",
];

/** The body of a notification. */
export function decodeNotification(reader: JuteReader): { type: ServerEventType; path: string } {
  const number = reader.int();
  reader.int(); // The state, which a connected client knows.
  const type = eventTypes[number];
  if (type === undefined) {
    throw new ZooKeeperError(
      "MARSHALLING_ERROR",
      `Cannot read ZooKeeper's notification: there is no event type ${number}`,
    );
  }
  return { type, path: reader.string() };
}
