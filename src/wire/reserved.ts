/** The methods that JSON-RPC reserves for extensions, as far as we use them. */
export const reservedMethods = {
  /** Request, the first one where the server wants to know who calls, `{service}`: who are you? */
  hello: "rpc.hello",
  /** Request, `{request}`: a new certificate for who calls, from where the cluster was made. */
  renew: "rpc.renew",
  /** Request: an OpenRPC document of what the server offers. */
  discover: "rpc.discover",
  /** Notification to the server, `{id}`: nobody waits for that call any more. */
  cancel: "rpc.cancel",
  /** Request, answered `"pong"` by the main process: is it alive? */
  ping: "rpc.ping",
  /** Request: counters of the server. */
  stats: "rpc.stats",
  /**
   * Request, `{drained?, weight?}`, for who has the right `admin`: be given other shares of the
   * calls.
   */
  override: "rpc.override",
  /** Request for a stream, for who has the right `read`: the calls that end here from now on. */
  tap: "rpc.tap",
  /** Notification to the caller of a stream, `{id, items}`: the next items of that call. */
  item: "rpc.item",
  /** Notification to the server, `{id, n}`: so many more items of that call may be sent. */
  more: "rpc.more",
  /** Notification to the client: send new calls elsewhere; those under way will be answered. */
  goaway: "rpc.goaway",
  /** Notification to the client: what `rpc.discover` tells is no longer what it told. */
  changed: "rpc.changed",
} as const;

/** Methods that begin with this are not procedures. */
export const reservedPrefix = "rpc.";
