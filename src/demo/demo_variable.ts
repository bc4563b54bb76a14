/**
 * The environment variable by which a demo gives each of its processes the port to report to, on
 * the loopback, and the secret to say there.
 */
export const demoVariable = "RPC_DEMO";
