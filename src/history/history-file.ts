/** The only part of the history that touches files. */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { HistoryFormatError, type LoadedHistory, parseHistory } from './parse-history.ts';
import { type HistorySink, HistoryWriteError } from './recorder.ts';
import { writeFailure } from './write-failure.ts';

/**
 * Appends to a file that must not exist yet. Every line is handed to the kernel before `append`
 * returns: a lab that is killed leaves at most one torn last line, which the loader tolerates.
 */
export function fileSink(path: string): HistorySink {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'ax');
  } catch (error) {
    throw new HistoryWriteError(`cannot start the history at ${path}: ${writeFailure(error)}`);
  }
  let open = true;
  return {
    append(line) {
      const bytes = Buffer.from(line);
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
      } catch (error) {
        throw new HistoryWriteError(`cannot go on with the history at ${path}: ${writeFailure(error)}`);
      }
    },
    close() {
      if (!open) return;
      open = false;
      closeSync(descriptor);
    },
  };
}

/**
 * Reads `history.jsonl`. What is tolerated and what not: {@link parseHistory}.
 * @throws {HistoryFormatError} also when the file cannot be read
 */
export async function loadHistory(path: string): Promise<LoadedHistory> {
  const chunks = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 });
  try {
    return await parseHistory(chunks as AsyncIterable<string>, path);
  } catch (error) {
    if (error instanceof HistoryFormatError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new HistoryFormatError(`cannot read the history ${path}: ${reason}`);
  }
}
