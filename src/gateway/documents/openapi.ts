/** The servers' methods as an OpenAPI document, for generators of clients in any language. */

import { callTimeoutMsMax } from "../../base/limits.ts";
import type { OpenRpcDocument, OpenRpcMethod } from "../../procedures/openrpc.ts";
import { SchemaBook } from "./schema_book.ts";
import { visible } from "./visible.ts";

/** The version of the OpenAPI specification. */
const openApiVersion = "3.1.0";

const problemSchema = {
  type: "object",
  required: ["title", "status", "detail", "code", "name", "executed"],
  properties: {
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "integer" },
    name: { type: "string" },
    executed: { type: "string", enum: ["no", "maybe", "yes"] },
    issues: {
      type: "array",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: {
          path: { type: "array", items: { anyOf: [{ type: "string" }, { type: "integer" }] } },
          message: { type: "string" },
        },
      },
    },
  },
};

/** The document. @param url the gateway's address, where calls are sent */
export function toOpenApi(document: OpenRpcDocument, url: string): Record<string, unknown> {
  const book = new SchemaBook({ Problem: problemSchema });
  const ids = new OperationIds();
  const paths = Object.fromEntries(document.methods.map((method) => [
    `/call/${pathOf(method.name)}`,
    { post: operationOf(method, ids.of(method.name), book) },
  ]));
  return {
    openapi: openApiVersion,
    info: { title: document.info.title, version: document.info.version || "0" },
    servers: [{ url }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: book.schemas,
    },
  };
}

function operationOf(
  method: OpenRpcMethod,
  operationId: string,
  book: SchemaBook,
): Record<string, unknown> {
  const { name, result, summary = name, description } = method;
  const requestBody = requestBodyOf(method, operationId, book);
  const item = book.embedded(result?.schema ?? {}, `${operationId}.result`);
  return {
    operationId,
    summary: visible(summary),
    ...(description === undefined ? {} : { description: visible(description) }),
    "x-idempotent": method["x-idempotent"],
    parameters: [{
      name: "Rpc-Timeout-Ms",
      in: "header",
      description: "How long the call may take",
      schema: { type: "integer", minimum: 1, maximum: callTimeoutMsMax },
    }],
    requestBody,
    responses: {
      "200": {
        description: "The result",
        content: {
          "application/json": {
            schema: method["x-stream"] ? { type: "array", items: item } : item,
          },
          ...(method["x-stream"]
            ? { "application/x-ndjson": { schema: {} }, "text/event-stream": { schema: {} } }
            : {}),
        },
      },
      default: {
        description: "How the call failed",
        content: {
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        },
      },
    },
  };
}

/** The parameters: only one of the two forms, since generators make unreadable types for both. */
function requestBodyOf(
  { params, paramStructure }: OpenRpcMethod,
  operationId: string,
  book: SchemaBook,
): Record<string, unknown> {
  const schemas = params.map(({ schema }, index) =>
    book.embedded(schema, `${operationId}.params.${index}`)
  );
  const required = params.filter(({ required }) => required).map(({ name }) => name);
  const byName = {
    type: "object",
    properties: Object.fromEntries(params.map(({ name }, index) => [name, schemas[index]])),
    ...(required.length === 0 ? {} : { required }),
  };
  const byPosition = {
    type: "array",
    ...(schemas.length === 0 ? { items: {}, maxItems: 0 } : { prefixItems: schemas }),
    minItems: params.findLastIndex(({ required }) => required) + 1,
  };
  const isByPosition = paramStructure === "by-position";
  return {
    required: required.length > 0,
    description: isByPosition
      ? "The parameters in their order"
      : "The parameters by their names; they are taken as an array in this order too",
    content: { "application/json": { schema: isByPosition ? byPosition : byName } },
  };
}

/**
 * A name in a path. Letters of any script stay: generators escape them themselves. Half a surrogate
 * pair has no place in a path, and is replaced.
 */
function pathOf(name: string): string {
  return name.toWellFormed().replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, encodeURIComponent);
}

/** Unique names of letters that all generators accept. */
class OperationIds {
  readonly #taken = new Set<string>();
  /** How many there are of the same letters: strangers' names may all be reduced to the same. */
  readonly #counts = new Map<string, number>();

  of(name: string): string {
    const letters = name.replaceAll(/[^A-Za-z0-9_]/g, "_");
    // A name must begin with a letter to be valid in most languages.
    const plain = /^[A-Za-z]/.test(letters) ? letters : `method_${letters.replace(/^_+/, "")}`;
    let count = this.#counts.get(plain) ?? 0;
    let free;
    do {
      count++;
      free = count === 1 ? plain : `${plain}_${count}`;
    } while (this.#taken.has(free));
    this.#counts.set(plain, count);
    this.#taken.add(free);
    return free;
  }
}
