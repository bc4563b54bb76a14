/** The service of `ping.proto`, and grpc-js itself. */

// By `require`, because the peers' packages are known to this directory only, not to the program's checker.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

/** `@grpc/grpc-js` */
export const grpc = require("@grpc/grpc-js");

const definition = require("@grpc/proto-loader")
  .loadSync(fileURLToPath(new URL("./ping.proto", import.meta.url)));

/** Its default is 4 MiB. */
export const messagesOfAnyLength = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
};

/** The client's class; its `service` is what a server adds. */
export const Ping = grpc.loadPackageDefinition(definition).bench.Ping;

const directory = process.env.RPC_KEYS;

/** Keys as `rpc keys init` makes them, and the name in their certificate; `undefined`: no TLS. */
export const keys = directory === undefined ? undefined : readKeys(directory);

/** @param {string} directory */
function readKeys(directory) {
  const [ca, certificate, key] = ["ca.crt", "machine.crt", "machine.key"].map((file) =>
    readFileSync(`${directory}/${file}`)
  );
  const [, name] = /DNS:([^, ]+)/.exec(new X509Certificate(certificate).subjectAltName ?? "") ?? [];
  return { ca, certificate, key, name };
}
