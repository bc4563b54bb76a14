/**
 * Where the chance of a test comes from: no change is refused for what was drawn. It names another
 * where a run is to be repeated; `deno task sim`, `fuzz` and `chaos`, which look for what nobody
 * has thought of, draw new ones.
 */
export const testSeed: number = Number(Deno.env.get("RPC_TEST_SEED")?.split(",")[0] || 20_261_127);
