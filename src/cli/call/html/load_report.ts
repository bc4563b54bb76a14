import { systemClock } from "../../../base/clock.ts";
import { ReportFile } from "../../../report/file.ts";
import type { CallSummary, SummaryFacts } from "../summary.ts";
import { loadPageOf } from "./load_page.ts";
import { LoadRecord } from "./load_record.ts";

/** Collects the data of many calls for a page. */
export class LoadReport implements Disposable {
  readonly record: LoadRecord = new LoadRecord(() => systemClock.now());
  readonly #file: ReportFile;

  /** @throws {CommandError} the file cannot be written */
  constructor(path: string) {
    this.#file = new ReportFile(path);
  }

  /**
   * Writes the page.
   *
   * @throws {CommandError} it cannot be written
   */
  write(method: string, summary: CallSummary, facts: SummaryFacts): void {
    this.#file.write(loadPageOf({ method, summary, record: this.record, facts }));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
