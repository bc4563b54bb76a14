/**
 * The environment variable with the path of a file that ends a server when it appears: what keeps
 * one running on Windows has no signal for it that does not end it at once.
 */
export const stopFileVariable = "RPC_STOP_FILE";
