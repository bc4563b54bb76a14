/** OpenRPC's own schema of its documents, which in turn refers to a schema of JSON Schema. */

import * as jsonSchemaModule from "@json-schema-tools/meta-schema";
import * as openRpcModule from "@open-rpc/meta-schema";
import { Ajv } from "ajv";

// The types of both packages tell of everything but what they export.
const { jsonSchema } = jsonSchemaModule as unknown as { jsonSchema: object };
const { openrpcDocument } = openRpcModule as unknown as { openrpcDocument: object };

/** Both name a dialect of their own, which ajv has never heard of. */
function withoutDialect(schema: object): object {
  return { ...schema, $schema: undefined };
}

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(withoutDialect(jsonSchema), "https://meta.json-schema.tools");
const validate = ajv.compile(withoutDialect(openrpcDocument));

/** What is wrong with an OpenRPC document, as sentences. */
export function openRpcProblems(document: unknown): string[] {
  if (validate(document)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
