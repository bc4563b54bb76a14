import { join } from "node:path";
import type { RpcHome, RpcProcess, RpcRunOptions } from "./rpc_process.ts";

/** A running `rpc gateway`. */
export interface GatewayProcess {
  readonly process: RpcProcess;
  /** `http://127.0.0.1:1234`, without a slash. */
  readonly url: string;
  readonly token: string;
  /** A request with the token. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** `POST /call/<method>` with JSON. */
  call(method: string, params?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** `POST /` with any text. */
  post(text: string, headers?: Record<string, string>): Promise<Response>;
}

/** Starts `rpc gateway 127.0.0.1:0 <args>`, and resolves when it listens. */
export async function startGateway(
  home: RpcHome,
  args: readonly string[] = [],
  options: RpcRunOptions = {},
): Promise<GatewayProcess> {
  const process = home.start(["gateway", "127.0.0.1:0", ...args], options);
  const [, url = "", shown] = await process.line(/^ready (https?:\S+?)\/(?:#token=(\S+))?$/);
  const file = args[args.indexOf("--token-file") + 1] as string;
  const token = args.includes("--token-file")
    ? (await Deno.readTextFile(join(home.workingDirectory, file))).trim()
    : shown ?? "";
  const request = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
    return fetch(`${url}${path}`, { ...init, headers });
  };
  const json = { "content-type": "application/json" };
  return {
    process,
    url,
    token,
    fetch: request,
    call: (method, params, headers = {}) =>
      request(`/call/${method}`, {
        method: "POST",
        ...(params === undefined ? {} : { body: JSON.stringify(params) }),
        headers: { ...json, ...headers },
      }),
    post: (body, headers = {}) =>
      request("/", { method: "POST", body, headers: { ...json, ...headers } }),
  };
}
