/** The programs of the system that keep services running. */

import { CommandError } from "../../base/command_error.ts";
import { plainText } from "../../base/values/plain_text.ts";

/** Runs a program that has to succeed. @throws {CommandError} it fails */
export async function mustRun(command: readonly string[]): Promise<void> {
  const { code, text } = await runs(command);
  if (code === 0) return;
  throw new CommandError(plainText(`${shownCommand(command)} failed (${code}): ${text}`));
}

/** Runs a program to its end, and returns what it said. @throws it cannot be started */
export async function runs(
  [program = "", ...args]: readonly string[],
): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  return {
    code,
    text: [stdout, stderr].map((one) => decoder.decode(one).trim()).join("\n").trim(),
  };
}

/** A command as a person would type it. */
export function shownCommand(command: readonly string[]): string {
  return command.map((word) => /[\s"]/.test(word) ? `'${word}'` : word).join(" ");
}
