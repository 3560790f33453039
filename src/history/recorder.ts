import type { History, HistoryEvent } from './events.ts';

/** Where recorded lines go. The file of a run in the lab, nothing at all in the simulator. */
export interface HistorySink {
  /** Takes one line with its newline; must have handed it to the operating system when it returns. */
  append(line: string): void;
  close(): void;
}

/** Thrown by a sink, and so by recording, when the run folder cannot be written (full disk, no permission). */
export class HistoryWriteError extends Error {
  override readonly name = 'HistoryWriteError';
}

/**
 * Gathers the events of a run. They arrive over many pipes, so the order of arrival is not the order
 * in which they happened: the file keeps arrival order (append only), {@link HistoryRecorder.history}
 * gives the order of `t`.
 */
export class HistoryRecorder implements Disposable {
  readonly #sink: HistorySink | null;
  readonly #arrived: HistoryEvent[] = [];
  readonly #listeners = new Set<(event: HistoryEvent) => void>();

  /** @param sink null keeps the history in memory only. */
  constructor(sink: HistorySink | null = null) {
    this.#sink = sink;
  }

  /** Keeps one event. @throws {HistoryWriteError} when the sink cannot take it. */
  record(event: HistoryEvent): void {
    this.#arrived.push(event);
    this.#sink?.append(`${JSON.stringify(event)}\n`);
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` with every event from now on, in order of arrival. Returns the way to stop. */
  onEvent(listener: (event: HistoryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Everything so far in order of arrival; grows as events come in. Cheap: for waiting on a condition. */
  get arrived(): History {
    return this.#arrived;
  }

  /** Everything so far in the order in which it happened; a copy. What checkers judge. */
  history(): History {
    return inOrder(this.#arrived);
  }

  close(): void {
    this.#sink?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A copy in the order of `t`; events of one instant keep their order. */
export function inOrder(events: History): History {
  return events.toSorted((a, b) => a.t - b.t);
}
