import { systemClock } from "../../base/clock.ts";
import { joinPath } from "../../base/paths.ts";
import { createZooKeeper } from "../../keys/authority.ts";
import { openAuthorityFiles, readAuthority } from "../../keys/authority_files.ts";
import { writeKeyFiles } from "../../keys/file_writing.ts";
import { requiredKeysDirectory } from "../../keys/files.ts";
import { assertMachineName } from "../../keys/names.ts";
import { zooKeeperTlsPortDefault } from "../../discovery/registry_url.ts";
import { printLine, printOnStderr } from "../../terminal/stdout.ts";
import { exitCodes } from "../../base/command_error.ts";
import type { KeysInput } from "./input.ts";

/** `rpc keys zookeeper HOST`: what lets a ZooKeeper speak TLS with the cluster's keys. */
export async function zooKeeper(_input: KeysInput, host: string): Promise<number> {
  assertMachineName(host);
  const directory = requiredKeysDirectory();
  const authority = await openAuthorityFiles(directory);
  const pair = await createZooKeeper(authority, host, systemClock.wallTimeMs());
  const target = joinPath(directory, `zookeeper-${host}`);
  // ZooKeeper tells a PEM file by its name, and wants the key before the certificate.
  writeKeyFiles(target, {
    "zookeeper.key.pem": `${pair.privateKey}${pair.certificate}`,
    "ca.pem": readAuthority(directory) ?? "",
  });
  printLine(configOf(target));
  printOnStderr(
    `rpc: bring ${target} to ${host}, readable for ZooKeeper's user alone, put these lines into ` +
      `zoo.cfg with its place there, and use --registry zookeepers://${host}:${zooKeeperTlsPortDefault}; ` +
      "once all programs do, take out clientPort, by which anyone may write",
  );
  return exitCodes.success;
}

function configOf(directory: string): string {
  return [
    `secureClientPort=${zooKeeperTlsPortDefault}`,
    "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
    "authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider",
    `ssl.keyStore.location=${inProperties(joinPath(directory, "zookeeper.key.pem"))}`,
    `ssl.trustStore.location=${inProperties(joinPath(directory, "ca.pem"))}`,
    "ssl.clientAuth=need",
    "ssl.protocol=TLSv1.3",
    "ssl.enabledProtocols=TLSv1.3",
    // ZooKeeper's own list has none of TLS 1.3.
    "ssl.ciphersuites=TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256",
    // Machines move: what counts is who signed, on both sides.
    "ssl.hostnameVerification=false",
  ].join("\n");
}

/** A value as Java reads it from a file of properties, where a backslash escapes, in Latin-1. */
function inProperties(value: string): string {
  return value.replaceAll("\\", "\\\\").replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
