/**
 * Publish functions on your network, and call them on whichever servers are up.
 *
 * - {@link defineProcedure} describes a function by schemas, so that it can be called over the
 *   network. A plain exported function will do too.
 * - {@link serve} serves a module of them, as `rpc serve` does.
 * - {@link connect} returns a client that finds the servers, spreads the calls, and goes on when
 *   servers die.
 *
 * @example
 * ```ts
 * import { type builtin, connect, serve } from "rpc";
 *
 * await using server = await serve({ builtin: true, workers: 1, service: "example" });
 * await using client = await connect({ service: "example" });
 *
 * console.assert(await client.call("fib", [32], { timeoutMs: 5_000 }) === 2178309);
 *
 * const api = client.procedures<typeof builtin>();
 * console.assert(await api.ping(7) === "pong 7");
 * console.assert(server.address.startsWith("127.0.0.1:"));
 * ```
 *
 * @module
 */

import * as z from "zod";

/** The schemas of procedures: [Zod](https://zod.dev), the copy that everything here uses. */
export { z };

export { defineProcedure } from "./procedures/procedure.ts";
export type {
  CallContext,
  Handler,
  InputSchema,
  Items,
  Procedure,
  ProcedureKind,
  ProcedureOptions,
  Procedures,
  StreamHandler,
  StreamProcedure,
} from "./procedures/procedure.ts";
export { builtin } from "./procedures/builtin.ts";

export { serve } from "./library/serve.ts";
export type { ServeOptions } from "./library/serve.ts";
export { RunningServer } from "./library/running/running_server.ts";
export type { DrainOptions } from "./server/server.ts";
export type { MethodStats, Stats } from "./wire/reports/stats.ts";

export { connect, RpcClient } from "./library/connect.ts";
export type { Client } from "./client/client.ts";
export type { ConnectOptions } from "./library/connect.ts";
export type { RegistryOptions } from "./library/open_registry.ts";
export type { Api, StreamApi } from "./library/api.ts";
export type { CallStream, StreamReport } from "./client/call_stream.ts";
export type { CallReport } from "./client/call_report.ts";
export type { CallOptions, ClientStats, StreamOptions } from "./client/client_options.ts";
export type { BalancePolicy } from "./client/endpoints/endpoint_types.ts";

export { RpcError } from "./base/errors.ts";
export type { ErrorName, Executed, ParamsIssue, RpcErrorOptions } from "./base/errors.ts";
export type { LogFields, Logger } from "./base/log.ts";
export type { Span, TracedCall, TracedEnd, Tracer } from "./base/tracer.ts";
export type { Params } from "./wire/message.ts";
