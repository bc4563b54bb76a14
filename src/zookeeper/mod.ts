/** A ZooKeeper client. It imports only `src/base`, and knows nothing of rpc. */

export { type CreateOptions, ZooKeeperClient, type ZooKeeperOptions } from "./client.ts";
export { type ConnectString, parseConnectString } from "./connect_string.ts";
export { type Socket } from "./connection.ts";
export { type AuthInfo } from "./exchange.ts";
export { isZooKeeperError, ZooKeeperError, type ZooKeeperErrorCode } from "./errors.ts";
export {
  type Acl,
  type CreateMode,
  creatorAcl,
  openAcl,
  Permission,
  readableAcl,
  type Stat,
} from "./protocol.ts";
export { type ZooKeeperState } from "./session.ts";
export { type Watcher, type WatchEvent } from "./watchers.ts";
