/** The same call for a shell or a program, to be copied. */

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const address = (method) => `${location.origin}/call/${encodeURIComponent(method)}`;

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

/** What writes a call in each form, from the method's name and its parameters as JSON text. */
export const copyForms = {
  "rpc call": (method, params) => `rpc call ${shell(method)} --params ${shell(params)}`,
  "curl": (method, params) =>
    `curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d ${
      shell(params)
    } ${shell(address(method))}`,
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
