import type { ByteSpan, History, HistoryEvent } from './events.ts';
import { inOrder } from './recorder.ts';
import { complaintAbout } from './validate-event.ts';

/** The history cannot be judged; the message is one sentence that names the file and the line. */
export class HistoryFormatError extends Error {
  override readonly name = 'HistoryFormatError';
}

export interface LoadedHistory {
  /** In the order in which things happened. */
  readonly history: History;
  /** What a reader should know about the file, one sentence each: a torn last line, for one. */
  readonly remarks: readonly string[];
}

/**
 * Reads a history from text that streams in; the text as a whole is never in memory.
 *
 * A last line without a newline that does not parse is what a killed run leaves: it is dropped and
 * remarked upon. Anything else that is wrong stops the load.
 * @param source what errors call the text
 * @throws {HistoryFormatError} bad JSON, a bad event, no events at all.
 */
export async function parseHistory(
  chunks: AsyncIterable<string> | Iterable<string>,
  source: string,
): Promise<LoadedHistory> {
  const events: HistoryEvent[] = [];
  const spans = new SpanPool();
  const remarks: string[] = [];
  let line = 0;
  let rest = '';
  let begun = false;
  for await (const chunk of chunks) {
    // Some systems begin every text with a byte order mark.
    const lines = (rest + (begun ? chunk : chunk.replace(/^\uFEFF/, ''))).split('\n');
    begun = true;
    rest = lines.pop() ?? '';
    for (const each of lines) {
      line += 1;
      if (each !== '') events.push(spans.share(parseLine(each, line, source)));
    }
  }
  if (rest !== '') {
    const torn = parseTornLine(rest, line + 1, source);
    if (torn === null)
      remarks.push(
        `Line ${line + 1} of ${source} is cut short (the run was killed while writing) and is left out.`,
      );
    else events.push(spans.share(torn));
  }
  if (events.length === 0) throw new HistoryFormatError(`${source} holds no events.`);
  return { history: inOrder(events), remarks };
}

/** The same ranges are locked over and over: one object for each saves a long run a good part of its memory. */
class SpanPool {
  readonly #spans = new Map<number, Map<number | null, ByteSpan>>();

  share(event: HistoryEvent): HistoryEvent {
    const { span } = event as { span?: ByteSpan };
    if (span === undefined) return event;
    let fromHere = this.#spans.get(span.start);
    if (fromHere === undefined) {
      fromHere = new Map();
      this.#spans.set(span.start, fromHere);
    }
    const known = fromHere.get(span.end);
    if (known === undefined) fromHere.set(span.end, span);
    else (event as { span: ByteSpan }).span = known;
    return event;
  }
}

function parseLine(text: string, line: number, source: string): HistoryEvent {
  let candidate: unknown;
  try {
    candidate = JSON.parse(text);
  } catch {
    throw new HistoryFormatError(`${source}, line ${line}: not JSON (each line must be one JSON object).`);
  }
  const complaint = complaintAbout(candidate);
  if (complaint !== null) throw new HistoryFormatError(`${source}, line ${line}: ${complaint}.`);
  return candidate as HistoryEvent;
}

/** A last line without newline: whole (then it must be valid), or torn (null). */
function parseTornLine(text: string, line: number, source: string): HistoryEvent | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return parseLine(text, line, source);
}
