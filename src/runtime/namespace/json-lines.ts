/** JSON lines over the stdio of a program: the control path of a container, apart from the network that is being broken. */
import type { Readable, Writable } from 'node:stream';

/** A line longer than this is no message but a mistake; it is cut and goes to the log. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;

export class JsonLines {
  readonly #out: Writable;
  readonly #strayLine: (line: string) => void;
  readonly #listeners: ((message: unknown) => void)[] = [];
  /** What came before anybody listened. */
  readonly #early: unknown[] = [];
  #unread = '';

  /** @param strayLine gets every line that is not JSON, without its newline */
  constructor(out: Writable, incoming: Readable, strayLine: (line: string) => void) {
    this.#out = out;
    this.#strayLine = strayLine;
    incoming.setEncoding('utf8');
    incoming.on('data', (text: string) => this.#take(text));
    incoming.on('end', () => this.#line(this.#unread));
    // A program that is gone cannot be written to; whoever waits for its answer sees its exit.
    out.on('error', () => undefined);
    incoming.on('error', () => undefined);
  }

  /** Queues one line; silently dropped once the other side is gone. */
  send(message: object): void {
    if (this.#out.writable) this.#out.write(`${JSON.stringify(message)}\n`);
  }

  /** Adds a listener; the first one also gets what came before it. */
  onMessage(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
    for (const message of this.#early.splice(0)) listener(message);
  }

  #take(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    if (this.#unread.length > MAX_LINE_CHARS) {
      this.#strayLine(`${this.#unread.slice(0, 200)} ... (a line without end)`);
      this.#unread = '';
    }
  }

  #line(line: string): void {
    if (line === '') return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#strayLine(line);
      return;
    }
    if (this.#listeners.length === 0) this.#early.push(message);
    for (const listener of this.#listeners) listener(message);
  }
}
