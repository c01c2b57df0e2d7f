/** The event file of TensorBoard that `train --tensorboard` writes. */

import { osErrorReason } from "../files/os_errors.ts";
import { EventFile } from "../run/event_file.ts";
import type { Run } from "../run/run.ts";
import type { Rollback, TrainingMetrics } from "../train/metrics.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Logs a session of a run as events. A failure to write them is no reason to stop the run: it is
 * printed once, and no more events are written.
 */
export class EventLog implements Disposable {
  readonly #terminal: Terminal;
  #file: EventFile | null;

  /** Writes nothing before the first metrics. */
  constructor(run: Run, terminal: Terminal) {
    this.#terminal = terminal;
    this.#file = new EventFile(run.folder.path, run.trainer.steps + 1);
  }

  /** Logs metrics. */
  log(metrics: TrainingMetrics): void {
    this.#attempt((file) => file.log(metrics));
  }

  /** Logs that steps are repeated. */
  rollBack({ step }: Rollback): void {
    this.#attempt((file) => file.restart(step + 1));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = null;
  }

  #attempt(write: (file: EventFile) => void): void {
    if (this.#file === null) return;
    try {
      write(this.#file);
    } catch (error) {
      this[Symbol.dispose]();
      this.#terminal.notice(
        `Cannot write events for TensorBoard: ${
          osErrorReason(error)
        }; the run continues without them`,
      );
    }
  }
}
