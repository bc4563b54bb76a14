import { loadLater } from "../../base/system/load_later.ts";
import { judged } from "../../base/values/judged.ts";
import { isObject } from "../../base/values/members.ts";
import type { OpenRpcDocument } from "../openrpc.ts";

/**
 * Reads the document in which a worker or a server tells what it offers. Documents of our own
 * programs are recognised without zod: they have all members and no others. Any other is checked by
 * the schema in `openrpc.ts`, which is loaded for the first of them.
 */
export function readDocument(
  value: unknown,
): OpenRpcDocument | Promise<OpenRpcDocument | undefined> {
  return has(value, documentMembers) ? value as OpenRpcDocument : readBySchema(value);
}

const loadSchemas = loadLater(() => import("../openrpc.ts"));

async function readBySchema(value: unknown): Promise<OpenRpcDocument | undefined> {
  const { openRpcSchema } = await loadSchemas();
  return judged(openRpcSchema, value)?.data;
}

/** What is right for each member, `undefined` if it may be left out and nothing stands for it. */
type Members = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown) => typeof value === "string";
const isBoolean = (value: unknown) => typeof value === "boolean";
const isOptionalText = (value: unknown) => value === undefined || isText(value);

const infoMembers: Members = {
  title: isText,
  version: isText,
  description: isOptionalText,
  "x-message-max": (value) => value === undefined || Number.isFinite(value),
};
const resultMembers: Members = { name: isText, schema: isObject };
const paramMembers: Members = { name: isText, required: isBoolean, schema: isObject };
const methodMembers: Members = {
  name: isText,
  summary: isOptionalText,
  description: isOptionalText,
  params: (value) => isListOf(value, (param) => has(param, paramMembers)),
  result: (value) => value === undefined || has(value, resultMembers),
  paramStructure: isOneOf("by-name", "by-position", "either"),
  "x-kind": isOneOf("inline", "cpu", "io"),
  "x-idempotent": isBoolean,
  "x-stream": isBoolean,
  "x-callers": (value) => value === undefined || isListOf(value, isText),
};

const documentMembers: Members = {
  openrpc: isText,
  info: (value) => has(value, infoMembers),
  methods: (value) => isListOf(value, (method) => has(method, methodMembers)),
};

function isOneOf(...texts: readonly string[]): (value: unknown) => boolean {
  return (value) => typeof value === "string" && texts.includes(value);
}

function isListOf(value: unknown, isRight: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isRight);
}

/** Whether a value is an object that has these members and no others. */
function has(value: unknown, members: Members): boolean {
  return isObject(value) && Object.keys(value).every((name) => Object.hasOwn(members, name)) &&
    Object.entries(members).every(([name, isRight]) => isRight(value[name]));
}
