import type { Frame } from './frame.ts';

/**
 * For a command that ends in good order when somebody has had enough of it: aborted by the first Ctrl-C (or SIGTERM, SIGHUP), which is
 * told in this sentence. A second one does not wait.
 */
export function endedByHand({ terminal }: Frame, sentence: string): AbortSignal {
  const enough = new AbortController();
  const end = () => {
    terminal.message(sentence);
    enough.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  return enough.signal;
}
