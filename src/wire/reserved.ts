/** Our methods among the names that JSON-RPC reserves for extensions. */
export const reservedMethods = {
  /** Request, the first one to a server with keys, `{service}`: says what the client wants. */
  hello: "rpc.hello",
  /** Request, `{request}`, to the cluster's authority: a new certificate for the caller. */
  renew: "rpc.renew",
  /** Request: an OpenRPC document of what the server offers. */
  discover: "rpc.discover",
  /** Notification to the server, `{id}`: nobody waits for that call any more. */
  cancel: "rpc.cancel",
  /** Request: answered `"pong"` by the main process, to show that it is alive. */
  ping: "rpc.ping",
  /** Request: counters of the server. */
  stats: "rpc.stats",
  /** Request, `{drained?, weight?}`, needs the right `admin`: changes the server's share. */
  override: "rpc.override",
  /** Request for a stream, needs the right `read`: the calls that end here from now on. */
  tap: "rpc.tap",
  /** Notification to the caller of a stream, `{id, items}`: the next items of that call. */
  item: "rpc.item",
  /** Notification to the server, `{id, n}`: so many more items of that call may be sent. */
  more: "rpc.more",
  /** Notification to the client: send new calls elsewhere; those under way will be answered. */
  goaway: "rpc.goaway",
  /** Notification to the client: `rpc.discover` has a new answer. */
  changed: "rpc.changed",
  /** Notification to the client, ahead of an answer: no other call is under way here. */
  idle: "rpc.idle",
} as const;

/** Methods that begin with this are not procedures. */
export const reservedPrefix = "rpc.";
