import { userInfo } from "node:os";

/** Environment variables by which a server finds its settings, keys and programs. */
const inherited = /^(RPC_[A-Z_]+|XDG_(CONFIG|STATE)_HOME|PATH)$/i;

/** Who types a command, as the system knows them. */
interface Account {
  readonly username: string;
  readonly homedir: string | null;
}

/**
 * What a service has in its environment of what is here.
 *
 * @param user who runs it; `undefined`: the user who types this
 * @param env what is here. @default this process's
 * @param account @default asks the system; `undefined`: it does not know the user
 */
export function serviceEnvironment(
  user: string | undefined,
  env: Readonly<Record<string, string>> = Deno.env.toObject(),
  account: Account | undefined = ownAccount(),
): Record<string, string> {
  // A service manager gives a service the home that the system knows, and keys may be elsewhere.
  const isOwnHome = Deno.build.os !== "windows" && account !== undefined &&
    (user ?? account.username) === account.username && env["HOME"] !== account.homedir;
  return Object.fromEntries(
    Object.entries(env).filter(([key, value]) =>
      value !== "" && (inherited.test(key) || isOwnHome && key === "HOME")
    ).toSorted(),
  );
}

/** A container's user may have no account. */
function ownAccount(): Account | undefined {
  try {
    return userInfo();
  } catch {
    return undefined;
  }
}
