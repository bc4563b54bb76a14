/** The same call for a shell or a program, to be copied. */

import { t } from "./words.js";

const isWindows = navigator.platform.startsWith("Win");
const shell = (text) =>
  isWindows
    ? `"${text.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, "$&$&")}"`
    : `'${text.replaceAll("'", "'\\''")}'`;
/** JSON as a word. What cmd would obey stands in its strings only, where it can be escaped. */
const shellJson = (json) =>
  shell(
    isWindows
      ? json.replaceAll(/[%&|<>^]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)
      : json,
  );
/**
 * What would end the quotes of a name for whoever reads the line: a terminal that is pasted into,
 * cmd, or PowerShell, which both put in variables within quotes too. A server may have made the
 * name for that.
 */
const unquotable = isWindows ? /[\p{Cc}"\u201c-\u201e%]/u : /\p{Cc}/u;
function shellName(method) {
  if (unquotable.test(method)) throw new Error(t("A command line cannot hold this name"));
  return shell(method);
}
const address = (method) => new URL(`call/${encodeURIComponent(method)}`, location.href).href;

/**
 * JSON as JavaScript, which would round some numbers if they were written as its own, and takes one
 * member's name for something else.
 */
function program(text) {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token, at) => {
    if (token === '"__proto__"' && /^\s*:/.test(text.slice(at + token.length))) return `[${token}]`;
    if (token[0] === '"' || isKept(token)) return token;
    return `(JSON as any).rawJSON("${token}")`;
  });
}

/** Whether JavaScript's number means the same; of a fraction the nearest does. */
const isKept = (number) =>
  String(Number(number)) === number || (/[.]/.test(number) && !/[eE]/.test(number));

const rpcCall = (method, params) => `rpc call ${shellName(method)} --params ${shellJson(params)}`;
const curl = (method, params) =>
  [
    isWindows
      ? 'curl.exe -H "Authorization: Bearer %TOKEN%"'
      : 'curl -H "Authorization: Bearer $TOKEN"',
    ...["-H", shell("Content-Type: application/json"), "-d", shellJson(params)],
    shell(address(method)),
  ].join(" ");
/** PowerShell is told to pass on the rest of a line as it stands. */
const inPowerShell = (form) => (...call) => form(...call).replace(/^\S+/, "$& --%");

/** What writes a call in each form, from the method's name and its parameters as JSON text. */
export const copyForms = {
  ...(isWindows
    ? {
      "rpc call (cmd)": rpcCall,
      "rpc call (PowerShell)": inPowerShell(rpcCall),
      "curl (cmd)": curl,
      "curl (PowerShell)": inPowerShell(curl),
    }
    : { "rpc call": rpcCall, curl }),
  "Python": (method, params) =>
    `import json, os, requests\nprint(requests.post(${
      JSON.stringify(address(method))
    }, json=json.loads(${
      JSON.stringify(params)
    }), headers={"Authorization": "Bearer " + os.environ["TOKEN"]}).json())`,
  "TypeScript": (method, params) =>
    `import { connect } from "rpc";\n\nawait using client = await connect();\nconsole.log(await client.call(${
      JSON.stringify(method)
    }, ${program(params)}));`,
};
