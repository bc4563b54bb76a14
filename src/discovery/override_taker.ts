import { messageOf, RpcError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Announcement, Override } from "./discovery.ts";
import { readOverrideChange } from "./override.ts";

/** Answers `rpc.override`, one change at a time, since each builds on the one before. */
export class OverrideTaker {
  readonly #log: Logger;
  #announcement: Announcement | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Sets the announcement that changes apply to. */
  begin(announcement: Announcement): void {
    this.#announcement = announcement;
  }

  /** @throws {RpcError} why nothing has changed */
  readonly take = (params: unknown): Promise<Override> => {
    const done = this.#turn.then(() => this.#take(params));
    this.#turn = done.catch(() => {});
    return done;
  };

  async #take(params: unknown): Promise<Override> {
    const change = changeOf(params);
    try {
      if (this.#announcement === undefined) throw new Error("The server is only just starting");
      const override = await this.#announcement.override(change);
      this.#log.info(`An operator changed this server's share: ${overrideText(override)}`);
      return override;
    } catch (error) {
      // As an InternalError, so that the client does not try another server.
      throw new RpcError("InternalError", `Cannot change the share: ${messageOf(error)}`);
    }
  }
}

/** An override in words. */
export function overrideText({ drained, weight }: Override): string {
  const words = [
    ...(drained ? ["drained, no new calls while there is another server"] : []),
    ...(weight === undefined ? [] : [`weight ${weight}`]),
  ];
  return words.length === 0 ? "as it was started" : words.join(", ");
}

function changeOf(params: unknown) {
  try {
    return readOverrideChange(params ?? {});
  } catch (error) {
    const text = messageOf(error);
    const [, member, fault] = /^(\w+): (.*)$/s.exec(text) ?? [];
    const issue = member === undefined || fault === undefined
      ? { path: [], message: text }
      : { path: [member], message: fault };
    throw new RpcError("InvalidParams", `Cannot change the share: ${text}`, { issues: [issue] });
  }
}
