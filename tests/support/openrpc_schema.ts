/** OpenRPC's own schema of its documents, which in turn refers to a schema of JSON Schema. */

// deno-lint-ignore no-import-prefix
import * as jsonSchemaModule from "npm:@json-schema-tools/meta-schema@1.8.0";
// deno-lint-ignore no-import-prefix
import * as openRpcModule from "npm:@open-rpc/meta-schema@1.14.9";
// deno-lint-ignore no-import-prefix
import { Ajv } from "npm:ajv@8.20.0";

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
