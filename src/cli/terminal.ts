import type { WriteStream } from 'node:tty';
import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/** Where results and messages go. Results are what a script would read; everything else is a message. */
export interface Terminal {
  /** One result on stdout; the line break is added. */
  result(text: string): void;
  /** One message on stderr; the line break is added. */
  message(text: string): void;
  /** For results; without effect where stdout is not a terminal. */
  readonly colours: Colours;
  /** Width of stdout in characters, for text that is broken into lines. */
  readonly columns: number;
  /**
   * A line on stderr that the next one, or the next message, writes over. Where stderr is not a terminal: a line of its own, once in
   * `logEveryMs`; left out, nothing.
   */
  progress(text: string, logEveryMs?: number): void;
}

type Stream = Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Colours only on a terminal that can show them, and never against https://no-color.org. */
export function wantsColours(stream: { readonly isTTY?: boolean | undefined }, env: Environment): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

const FALLBACK_COLUMNS = 100;
const ERASE_LINE = '\r\u001b[2K';

/** A terminal that does not know its own width, as a serial line, says 0. */
function columnsOf({ columns = 0 }: Stream): number {
  return columns > 0 ? columns : FALLBACK_COLUMNS;
}

export function openTerminal(
  stdout: Stream,
  stderr: Stream,
  env: Environment,
  nowMs: () => number = () => performance.now(),
): Terminal {
  let progressShown = false;
  let loggedAt = nowMs();
  const clear = (): void => {
    if (progressShown) stderr.write(ERASE_LINE);
    progressShown = false;
  };
  return {
    colours: pc.createColors(wantsColours(stdout, env)),
    columns: columnsOf(stdout),
    result(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    message(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    progress(text, logEveryMs = Number.POSITIVE_INFINITY) {
      if (stderr.isTTY !== true || env.TERM === 'dumb') {
        if (nowMs() - loggedAt < logEveryMs) return;
        loggedAt = nowMs();
        stderr.write(`${text}\n`);
        return;
      }
      // A line that wraps could not be erased again.
      stderr.write(ERASE_LINE + text.slice(0, columnsOf(stderr) - 1));
      progressShown = text !== '';
    },
  };
}
