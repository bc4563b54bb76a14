/** What the tests of one run have in common. */

import { testSeed } from "../support/seed.ts";

/** Whether the worlds have the sizes that are promised, which takes minutes. */
export const full: boolean = Deno.env.get("RPC_TEST_SIM") === "full";

/** What all chance comes from. */
export const seed: number = testSeed;

/** Tells the figures of a world in full size. */
export function tell(figures: string): void {
  if (full) console.log(figures);
}

/** Tells a figure that counts for the whole run: the largest of all tests' ones, or their sum. */
export function tellFigure(name: string, value: number, joined: "most" | "sum" = "most"): void {
  tell(`figure ${joined} ${Number(value.toFixed(3))} ${name}`);
}
