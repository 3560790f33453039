/** Where the stderr of containers goes, and whatever they say on stdout that is no message. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** `{ directory }`: appended to `<container>.log` there. `{ line }`: called for every line. */
export type LogSink =
  | { readonly directory: string }
  | { readonly line: (container: string, line: string) => void };

/** The log of one container. */
export interface ContainerLog {
  /** What to give a program as its stderr: a descriptor, or a pipe that `follow` then reads. */
  readonly stderr: number | 'pipe';
  follow(stderr: Readable): void;
  write(line: string): void;
  close(): void;
}

/** @throws one sentence when the log file cannot be opened. */
export function openLog(sink: LogSink, container: string): ContainerLog {
  return 'directory' in sink ? new FileLog(sink.directory, container) : new CallbackLog(sink.line, container);
}

/** Programs write to the file themselves, so that their last words are there even when the lab is gone. */
class FileLog implements ContainerLog {
  readonly stderr: number;

  constructor(directory: string, container: string) {
    const path = join(directory, `${container}.log`);
    try {
      mkdirSync(directory, { recursive: true });
      this.stderr = openSync(path, 'a');
    } catch (error) {
      throw new Error(`the log ${path} cannot be opened: ${(error as Error).message}`);
    }
  }

  follow(): void {}

  write(line: string): void {
    try {
      writeSync(this.stderr, `${line}\n`);
    } catch {
      // A full disk loses log lines, not the lab.
    }
  }

  close(): void {
    closeSync(this.stderr);
  }
}

class CallbackLog implements ContainerLog {
  readonly stderr = 'pipe';
  readonly #line: (container: string, line: string) => void;
  readonly #container: string;

  constructor(line: (container: string, line: string) => void, container: string) {
    this.#line = line;
    this.#container = container;
  }

  follow(stderr: Readable): void {
    let unread = '';
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => {
      const lines = (unread + text).split('\n');
      unread = lines.pop() ?? '';
      for (const line of lines) this.write(line);
    });
    stderr.on('end', () => {
      if (unread !== '') this.write(unread);
    });
  }

  write(line: string): void {
    this.#line(this.#container, line);
  }

  close(): void {}
}
