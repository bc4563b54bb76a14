import type { ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import type { Clock, Timer } from "../../base/clock.ts";
import { gatewayToolsLookMs } from "../limits.ts";
import { shownTools, type Tool } from "./tools.ts";

type Listener = (event: ServerEvent) => void;

/** What {@link ToolChanges} need. */
interface ToolChangesOptions {
  /** What is offered now. */
  readonly tools: (signal: AbortSignal) => Promise<readonly Tool[]>;
  readonly clock: Clock;
  /** Ends the last look. */
  readonly ended: AbortSignal;
}

/**
 * Tells agents that listen when there are other tools. While nobody listens it looks at none, since
 * a look asks servers for their methods.
 */
export class ToolChanges implements ServerEventBus {
  readonly #options: ToolChangesOptions;
  readonly #listeners = new Set<Listener>();
  #timer: Timer | undefined;
  /** The look at what there was when somebody began to listen. */
  #first: Promise<void> | undefined;
  /** The tools of the last look, as JSON. While no server answers, those are what is known. */
  #known: string | undefined;

  constructor(options: ToolChangesOptions) {
    this.#options = options;
  }

  subscribe(listener: Listener): () => void {
    if (this.#listeners.size === 0) this.#first = this.#look();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#known = undefined;
    };
  }

  publish(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** A server has come, gone or described itself anew. */
  serverChanged(): void {
    if (this.#listeners.size === 0) return;
    // Together: a restart of a server is a loss and a gain.
    this.#timer ??= this.#options.clock.after(gatewayToolsLookMs, () => {
      this.#timer = undefined;
      void this.#tell();
    });
  }

  async #tell(): Promise<void> {
    await this.#first;
    const before = this.#known;
    await this.#look();
    if (this.#known !== before) this.publish({ kind: "tools_list_changed" });
  }

  async #look(): Promise<void> {
    try {
      this.#known = JSON.stringify(shownTools(await this.#options.tools(this.#options.ended)));
    } catch {
      // No server answers.
    }
  }
}
