import { XdrWriter } from '../xdr/writer.ts';

/** How many rest at most; more than that were only needed for a moment. */
const RESTING = 16;

/** Buffers for replies, used again. A reply that has to wait keeps its own until it is sent. */
export class WriterPool {
  readonly #resting: XdrWriter[] = [];

  take(): XdrWriter {
    return this.#resting.pop() ?? new XdrWriter();
  }

  /** What was written must have been copied, or sent. */
  give(writer: XdrWriter): void {
    if (this.#resting.length >= RESTING) return;
    writer.reset();
    this.#resting.push(writer);
  }
}
