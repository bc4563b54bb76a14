import { RpcError } from "../base/errors.ts";
import { type InstanceSource, noServerText } from "../discovery/discovery.ts";
import type { Endpoints } from "./endpoints/endpoints.ts";

/** What a client knows while a call finds no server. */
interface Situation {
  readonly discovery: InstanceSource;
  readonly service: string;
  readonly endpoints: Pick<Endpoints, "all" | "places">;
  /** Why the registry cannot be asked, if it cannot. */
  readonly trouble: RpcError | undefined;
  /** Whether the registry has told nothing yet, not even that it is in trouble. */
  readonly isSilent: boolean;
  /** Whether the list of servers is the last known one. */
  readonly isStale: boolean;
}

/** Most servers that a message names. */
const namedMax = 3;

/** Why a call finds no server: the message of an Unavailable, or another error. */
export function whyNoServer(
  { discovery, service, endpoints: { all, places }, trouble, isSilent, isStale }: Situation,
): string | RpcError {
  const away = trouble?.message ??
    `No answer from the registry ${discovery.url} yet; rpc doctor looks for the reason`;
  const endpoints = [...all];
  if (endpoints.length === 0) {
    return trouble !== undefined || isSilent ? away : noServerText(service, discovery);
  }
  const named = endpoints.slice(0, namedMax)
    .map(({ address, lastFailure }) => `${address} (${lastFailure ?? "still connecting"})`);
  const more = endpoints.length > named.length
    ? `, and ${endpoints.length - named.length} more`
    : "";
  const text = `any server of service "${service}": ${named.join(", ")}${more}`;
  const [first, ...others] = endpoints.map(({ refusal }) => refusal);
  // Only if all endpoints refuse us: other reasons may be temporary.
  if (first !== undefined && others.every((refusal) => refusal !== undefined)) {
    return new RpcError(first.name, `Cannot call ${text}`, { executed: "no", cause: first });
  }
  const source = isStale ? `. That is the last known list: ${away}` : "";
  const shortage = places.isOutOfHandles
    ? ". This process has too few file handles to try all at once: ulimit -n"
    : "";
  return `Cannot reach ${text}${source}${shortage}`;
}
