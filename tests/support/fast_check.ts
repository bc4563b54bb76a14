/**
 * What makes random values. Packages that only tests use are named in full by the files that import
 * them: those of deno.json come into each project that installs this one.
 */

export * from "npm:fast-check@4.10.2";
