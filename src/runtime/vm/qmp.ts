/**
 * One conversation with QEMU over QMP, the QEMU Machine Protocol: a line of JSON each. QEMU greets, the client answers
 * with the capabilities it wants, then commands and replies (told apart by `id`) go to and fro, and events come in
 * between at any time.
 */
import { createConnection, type Socket } from 'node:net';

export interface QmpEvent {
  readonly event: string;
  readonly data?: unknown;
}

interface QmpReply {
  readonly id?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class?: string; readonly desc?: string };
}

/** No message that is awaited here is longer. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

export class Qmp {
  /** Resolves when QEMU's end of the connection was closed: by QEMU, or by the kernel when QEMU ended. Not when it ended on this side. */
  readonly closedByPeer: Promise<void>;
  readonly #socket: Socket;
  readonly #path: string;
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #greeted = Promise.withResolvers<void>();
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #unread = '';
  #broken: Error | undefined;

  private constructor(path: string, socket: Socket, onEvent: (event: QmpEvent) => void) {
    this.#path = path;
    this.#socket = socket;
    this.#onEvent = onEvent;
    // Nobody may be waiting for the greeting at the moment at which it turns out that none will come.
    this.#greeted.promise.catch(() => undefined);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closedByPeer = promise;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('end', resolve);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The other way in which a closed end shows: it was closed with a command unread.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve();
      this.#breakOff(new Error(`the QMP socket ${path}: ${error.message}`));
    });
    socket.on('close', () => this.#breakOff(new Error(`the machine closed its QMP socket ${path}`)));
  }

  /**
   * Connects and negotiates; events are heard from then on.
   * @param abort ends the conversation, at any time
   */
  static async connect(path: string, abort: AbortSignal, onEvent: (event: QmpEvent) => void): Promise<Qmp> {
    const qmp = new Qmp(path, createConnection({ path, signal: abort }), onEvent);
    try {
      await qmp.#greeted.promise;
      await qmp.execute('qmp_capabilities');
      return qmp;
    } catch (error) {
      qmp.close();
      throw error;
    }
  }

  /** @throws when QEMU refuses, or when the conversation ended before it answered. */
  async execute(command: string, args: object = {}): Promise<unknown> {
    if (this.#broken !== undefined) throw this.#broken;
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    return await answer.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#hear(line);
    if (this.#unread.length > MAX_LINE_CHARACTERS) this.#noQmp();
  }

  #hear(line: string): void {
    if (this.#broken !== undefined) return;
    const message = parsed(line);
    if (message === undefined) this.#noQmp();
    else if ('QMP' in message) this.#greeted.resolve();
    else if ('event' in message) this.#onEvent(message as QmpEvent);
    else this.#settle(message);
  }

  #settle({ id, error, return: value }: QmpReply): void {
    const answer = this.#pending.get(id as number);
    // QEMU answers what it could not read without an id: none of ours.
    if (answer === undefined) return;
    this.#pending.delete(id as number);
    if (error === undefined) answer.resolve(value);
    else answer.reject(new Error(`QEMU refused: ${error.desc ?? error.class}`));
  }

  #noQmp(): void {
    this.#breakOff(new Error(`what answers on ${this.#path} does not speak QMP`));
    this.#socket.destroy();
  }

  #breakOff(why: Error): void {
    this.#broken ??= why;
    this.#greeted.reject(this.#broken);
    for (const answer of this.#pending.values()) answer.reject(this.#broken);
    this.#pending.clear();
  }
}

function parsed(line: string): object | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
