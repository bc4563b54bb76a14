/**
 * Set for the processes of a demo: the port of the demo on the loopback, and the word to say there.
 */
export const demoVariable = "RPC_DEMO";
