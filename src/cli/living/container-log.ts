import { appendFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import type { HistoryEvent } from '../../history/events.ts';

/** A lab may be up for weeks; of each container twice this much is kept. */
const LARGEST_BYTES = 8 * 1024 * 1024;

/** The logs of a living lab: one file per container, with what its processes said and what happened to it. */
export class ContainerLogs {
  readonly #directory: string;
  readonly #now: () => Date;
  readonly #bytes = new Map<string, number>();

  constructor(directory: string, now: () => Date) {
    this.#directory = directory;
    this.#now = now;
  }

  /** A full disk loses log lines, not the lab. */
  line(container: string, text: string): void {
    const line = `${this.#now().toISOString()} ${text}\n`;
    const file = path.join(this.#directory, `${container}.log`);
    try {
      const bytes =
        (this.#bytes.get(file) ?? statSync(file, { throwIfNoEntry: false })?.size ?? 0) + line.length;
      if (bytes > LARGEST_BYTES) renameSync(file, `${file}.1`);
      appendFileSync(file, line);
      this.#bytes.set(file, bytes > LARGEST_BYTES ? line.length : bytes);
    } catch {
      this.#bytes.delete(file);
    }
  }

  event(event: HistoryEvent): void {
    if (event.kind === 'node') this.line(event.node, words(event, ['node', 'event'], event.event));
    if (event.kind === 'client') this.line(event.client, words(event, ['client', 'event'], event.event));
    if (event.kind === 'op')
      this.line(event.client, words(event, ['client', 'op', 'phase'], `${event.op} ${event.phase}`));
    if (event.kind === 'fault')
      for (const target of event.targets) this.line(target, `${event.fault} ${event.phase}`);
    if (event.kind === 'ledger')
      this.line(event.node, words(event, ['node', 'command', 'ledger'], `ledger ${event.command}`));
  }
}

/** `boot incarnation=3 view=7`. */
function words(event: HistoryEvent, leftOut: readonly string[], title: string): string {
  const details = Object.entries(event)
    .filter(([key]) => !['kind', 't', 'id', 'sentAt', ...leftOut].includes(key))
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return [title, ...details].join(' ');
}
