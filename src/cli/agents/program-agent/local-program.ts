/** A program that is not an NFS client: opens, locks, reads and writes files behind the gate, and writes down what came of it. */
import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  insert,
  type LockMode,
  NO_RANGES,
  type RangeSet,
  remove,
  type Span,
  within,
} from '../../../core/byte-ranges.ts';
import type { ClientEvent, OpEvent } from '../../../history/events.ts';
import { CELL_BYTES } from '../../../scenario/scenario.ts';
import { lockFile, lockRange } from './blocking-calls.ts';

/** What it tells of itself beside the time. */
export type ProgramEvent = Omit<OpEvent, 't'> | Omit<ClientEvent, 't'>;

export interface LocalProgramOptions {
  /** In the history; it is its own only lock owner. */
  readonly name: string;
  readonly node: string;
  /** Where the gate is mounted. */
  readonly directory: string;
  /** How many operations its former lives may have numbered. */
  readonly operationsFrom: number;
  /** Nanoseconds of the history. */
  readonly stamp: () => number;
  readonly observe: (event: ProgramEvent) => void;
}

interface Opened {
  readonly handle: FileHandle;
  held: RangeSet;
  /** How it was locked last, and is unlocked. */
  by: 'fcntl' | 'flock';
}

type Subject = Pick<OpEvent, 'op' | 'file'> & Partial<Pick<OpEvent, 'span' | 'mode' | 'value' | 'basedOn'>>;
interface Result {
  readonly status: string;
  readonly value?: string;
}

const WHOLE: Span = { start: 0n, end: null };

export class LocalProgram {
  readonly #options: LocalProgramOptions;
  readonly #files = new Map<string, Opened>();
  #operations: number;
  #updates: number;

  constructor(options: LocalProgramOptions) {
    this.#options = options;
    this.#operations = options.operationsFrom;
    this.#updates = options.operationsFrom;
  }

  /** What it believes to hold. */
  get held() {
    const { name } = this.#options;
    return [...this.#files].flatMap(([file, { held }]) =>
      held.map(({ span, mode }) => ({ owner: name, file, ...inNumbers(span), mode })),
    );
  }

  /** A descriptor of the file, made if need be; one for each file, since to close another would drop its locks (POSIX). */
  async open(file: string, create = true): Promise<Result> {
    if (this.#files.has(file)) return { status: 'OK' };
    return this.#told({ op: 'open', file, mode: 'write' }, async () => {
      const flags = constants.O_RDWR | (create ? constants.O_CREAT : 0);
      const handle = await open(join(this.#options.directory, file), flags, 0o644);
      this.#files.set(file, { handle, held: NO_RANGES, by: 'fcntl' });
      return { status: 'OK' };
    });
  }

  /** @param waits for the lift, and for whoever has it */
  async lock(
    file: string,
    span: Span,
    mode: LockMode,
    waits: boolean,
    by: 'fcntl' | 'flock',
  ): Promise<Result> {
    const opening = await this.open(file);
    if (opening.status !== 'OK') return opening;
    const opened = this.#opened(file);
    const range = by === 'flock' ? WHOLE : span;
    return this.#told({ op: 'lock', file, span: inNumbers(range), mode }, async () => {
      const { fd } = opened.handle;
      const status = await (by === 'flock' ? lockFile(fd, mode, waits) : lockRange(fd, span, mode, waits));
      if (status !== 'OK') return { status };
      opened.held = insert(opened.held, range, mode);
      opened.by = by;
      return { status };
    });
  }

  async unlock(file: string, span: Span): Promise<Result> {
    const opened = this.#opened(file);
    const { by } = opened;
    const range = by === 'flock' ? WHOLE : span;
    // From the asking on it does not count on it any more.
    opened.held = remove(opened.held, range);
    return this.#told({ op: 'unlock', file, span: inNumbers(range) }, async () => {
      const { fd } = opened.handle;
      return {
        status: await (by === 'flock' ? lockFile(fd, null, false) : lockRange(fd, span, null, false)),
      };
    });
  }

  async read(file: string, offset: number, count: number): Promise<Result> {
    const { handle } = this.#opened(file);
    const span = { start: offset, end: offset + count };
    return this.#told({ op: 'read', file, span }, async () => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, offset);
      return { status: 'OK', value: textOf(buffer.subarray(0, bytesRead)) };
    });
  }

  async write(file: string, offset: number, value: string, basedOn?: string): Promise<Result> {
    const { handle } = this.#opened(file);
    const cell = Buffer.alloc(Math.max(CELL_BYTES, Buffer.byteLength(value)));
    cell.write(value);
    const span = { start: offset, end: offset + cell.length };
    const based = basedOn === undefined ? {} : { basedOn };
    return this.#told({ op: 'write', file, span, value, ...based }, async () => {
      await handle.write(cell, 0, cell.length, offset);
      await handle.datasync();
      return { status: 'OK' };
    });
  }

  /** Read, compute, write, under a lock that it must hold. */
  async update(file: string, offset: number): Promise<Result> {
    const cell = { start: BigInt(offset), end: BigInt(offset + CELL_BYTES) };
    const parts = within(this.#opened(file).held, cell);
    if (parts.length !== 1 || parts[0]!.mode !== 'write') return { status: 'NOT_HELD' };
    const before = await this.read(file, offset, CELL_BYTES);
    if (before.status !== 'OK') return before;
    this.#updates += 1;
    return this.write(file, offset, `${this.#options.name}/${this.#updates}`, before.value ?? '');
  }

  async close(file: string): Promise<Result> {
    const opened = this.#opened(file);
    this.#files.delete(file);
    return this.#told({ op: 'close', file }, async () => {
      await opened.handle.close();
      return { status: 'OK' };
    });
  }

  /** A sign of life: that the gate answers proves that the node's process, which has the locks, lives. */
  async beat(): Promise<void> {
    const [opened] = this.#files.values();
    if (opened === undefined) return;
    const sentAt = this.#options.stamp();
    // Without an answer there is no sign.
    await opened.handle.stat().then(
      () => this.#renewed(sentAt),
      () => undefined,
    );
  }

  #opened(file: string): Opened {
    const opened = this.#files.get(file);
    if (opened === undefined) throw new Error(`${this.#options.name} has not opened ${file}`);
    return opened;
  }

  #renewed(sentAt: number): void {
    const { name, node, observe } = this.#options;
    observe({ kind: 'client', client: name, node, event: 'renewed', sentAt, local: true });
  }

  /** Writes down that it is asked for, does it, and writes down what came of it. */
  async #told(subject: Subject, act: () => Promise<Result>): Promise<Result> {
    const { name, node, observe, stamp } = this.#options;
    this.#operations += 1;
    const head = { kind: 'op', id: this.#operations, client: name, owner: name, node, local: true } as const;
    const sentAt = stamp();
    observe({ ...head, phase: 'invoke', ...subject });
    const result = await act().catch((error: NodeJS.ErrnoException): Result => ({ status: statusOf(error) }));
    const { status, value } = result;
    const came = status === 'OK' ? {} : { status };
    observe({
      ...head,
      phase: status === 'OK' ? 'ok' : 'fail',
      ...subject,
      ...(value !== undefined && { value }),
      ...came,
    });
    if (status === 'OK') this.#renewed(sentAt);
    return result;
  }
}

/** The error's name without its E. */
const statusOf = ({ code }: NodeJS.ErrnoException): string => (code ?? 'EIO').slice(1);

const inNumbers = ({ start, end }: Span) => ({
  start: Number(start),
  end: end === null ? null : Number(end),
});

function textOf(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('utf8', 0, end < 0 ? data.length : end);
}
