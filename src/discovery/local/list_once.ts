import type { Instance } from "../discovery.ts";
import type { LocalRegistryUrl } from "../registry_url.ts";
import {
  assertLocalName,
  defaultLocalDirectory,
  namedLocalDirectory,
  prepareServiceDirectory,
} from "./directory.ts";
import { LocalScanner, type Skipped } from "./scanner.ts";

// The scanner loads it. It is named here, too: see `cli/main.ts`.
import "./files.ts";

/**
 * The live servers of a service, without a watch; none if there is anything to tell of the
 * registry, which a watch tells.
 *
 * @throws whatever is wrong
 */
export async function listOnce(
  { directory }: LocalRegistryUrl,
  service: string,
): Promise<readonly Instance[]> {
  assertLocalName(service);
  const place = directory === undefined ? defaultLocalDirectory() : namedLocalDirectory(directory);
  let isOdd = false;
  const skipped: Skipped = { add: () => void (isOdd = true), keepOnly() {}, tell() {} };
  const instances = await new LocalScanner({ service, skipped })
    .scan(prepareServiceDirectory(place, service), {
      touched: undefined,
      all: true,
      inOneGo: true,
    });
  return isOdd ? [] : instances;
}
