import { CommandError } from "../base/command_error.ts";
import { ResultWriter } from "./result_writer.ts";

/**
 * Prints the line that says that a server is ready, and resolves when it is to end. A pipe
 * that is full and that nobody reads keeps the server neither from its calls nor from its end.
 *
 * @param ended resolves when the server is to end
 * @param shown called when the line is written, or when nobody reads any more. @default nothing
 * @throws {CommandError} the line cannot be written
 */
export async function printReady(
  line: string,
  ended: Promise<void>,
  shown: () => void = () => {},
): Promise<void> {
  const writer = new ResultWriter<undefined>();
  writer.line(line, undefined);
  const written = writer.flushed().then(() => {
    const { problem } = writer;
    if (problem !== undefined) throw new CommandError(problem);
    shown();
    return ended;
  });
  await Promise.race([ended, written]);
}
