import assert from "node:assert/strict";
import {
  createAuthority,
  createMember,
  openAuthority,
  type Subject,
} from "../../src/keys/authority.ts";
import { freeName, issue, wasIssued } from "../../src/keys/authority_files.ts";
import { readCertificate } from "../../src/keys/certificate.ts";
import { appendIssued } from "../../src/keys/file_writing.ts";
import { keyFiles } from "../../src/keys/files.ts";
import { isMachineName } from "../../src/keys/names.ts";
import { machineRights } from "../../src/keys/rights.ts";

Deno.test("a name that several ask for at the same time is given once", async () => {
  const directory = await Deno.makeTempDir();
  const ca = await createAuthority(Date.now());
  const authority = await openAuthority(ca);
  const join = () => {
    const choose = () => ({ name: freeName(directory, "pi"), rights: machineRights });
    const make = (subject: Subject) => createMember(authority, subject, Date.now());
    return issue(directory, choose, make, Date.now());
  };
  try {
    const made = await Promise.all([join(), join(), join()]);
    const names = made.map(({ certificate }) => readCertificate(certificate).name);
    assert.deepEqual(names.sort(), ["pi-2", "pi-3", "pi-4"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a machine whose name is taken gets the first that is free, of a name's length", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const name of ["pi", "PI-2", "pi-4"]) appendIssued(directory, JSON.stringify({ name }));
    assert.equal(freeName(directory, "pi"), "pi-3");
    const long = "a".repeat(63);
    const free = freeName(directory, long);
    assert.deepEqual([free.slice(-3), free.length, isMachineName(free)], ["a-2", 63, true]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("no name is free where the list of those that are taken cannot be read", async () => {
  const directory = await Deno.makeTempDir();
  try {
    assert.equal(wasIssued(directory, "pi"), false);
    await Deno.mkdir(`${directory}/${keyFiles.issued}`);
    assert.throws(() => wasIssued(directory, "pi"), /^CommandError: Cannot read .*issued/);
    assert.throws(() => freeName(directory, "pi"), /^CommandError: Cannot read .*issued/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
