/** Set for the servers of a demo, which end when it does, also when it is killed. */
export const endsWithDemoVariable = "RPC_ENDS_WITH_DEMO";
