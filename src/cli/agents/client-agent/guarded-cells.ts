import type { Delegation } from '../../../client/delegation.ts';
import type { NfsClient } from '../../../client/nfs-client.ts';
import type { NfsFile } from '../../../client/nfs-file.ts';
import { CELL_BYTES } from '../../../scenario/scenario.ts';

export interface Update {
  readonly status: string;
  /** The new value; empty when nothing was written. */
  readonly value: string;
  /** The value that it was computed from. */
  readonly basedOn: string;
}

/**
 * Cells whose every value names the one before it, so that a lost update shows. Like any NFS client, this
 * one trusts what it read or wrote last for as long as it holds the lock, and not a moment longer.
 */
export class GuardedCells {
  readonly #client: NfsClient;
  readonly #name: string;
  readonly #cached = new WeakMap<NfsFile, Map<number, string>>();
  #written: number;

  /** @param from values are numbered from here on: those of another instance of the same client were others */
  constructor(client: NfsClient, name: string, from = 0) {
    this.#client = client;
    this.#name = name;
    this.#written = from;
  }

  /** What the file says at `offset`, as text without its NULs. */
  async read(file: NfsFile, offset: number, count: number, timeoutMs?: number) {
    const { status, data } = await file.read(offset, count, { note: { value: textOf }, timeoutMs });
    const value = textOf(data);
    if (status === 'OK') this.#remember(file, offset, value);
    return { status, value };
  }

  /** Any text; longer than a cell, if the caller likes. */
  async write(
    file: NfsFile,
    order: { offset: number; value: string; sync: boolean; basedOn?: string | undefined; under?: Delegation },
    timeoutMs?: number,
  ): Promise<{ status: string }> {
    const { offset, value, sync, basedOn, under } = order;
    const cell = Buffer.alloc(Math.max(CELL_BYTES, Buffer.byteLength(value)));
    cell.write(value);
    const note = { value: textOf, ...(basedOn === undefined ? {} : { basedOn }) };
    const { status } = await file.write(offset, cell, { sync, note, timeoutMs, ...(under && { under }) });
    if (status === 'OK') this.#remember(file, offset, value);
    else this.#cached.get(file)?.delete(offset);
    return { status };
  }

  /**
   * Read, compute, write to stable storage, under a lock that the owner must hold. With `cached` the old
   * value is taken from the cache, if it is there.
   * @returns `NOT_HELD` when the owner does not hold the cell for writing, and the status of the loss when it lost it
   */
  async update(file: NfsFile, offset: number, cached: boolean, timeoutMs?: number): Promise<Update> {
    const cell = { start: offset, end: offset + CELL_BYTES };
    const loss = file.lossIn(cell);
    if (loss !== null || !file.holds(cell, 'write')) {
      return { status: loss?.status ?? 'NOT_HELD', value: '', basedOn: '' };
    }
    let old = cached ? this.#cached.get(file)?.get(offset) : undefined;
    if (old === undefined) {
      const { status, value } = await this.read(file, offset, CELL_BYTES, timeoutMs);
      if (status !== 'OK') return { status, value: '', basedOn: '' };
      old = value;
    }
    return this.#replace(file, offset, old, timeoutMs);
  }

  /**
   * The same under a delegation instead of a lock. What the file says must have been read since the delegation was given.
   * @returns `NOT_READ` when it was not
   */
  async updateUnder(file: NfsFile, under: Delegation, offset: number, timeoutMs?: number): Promise<Update> {
    const old = this.#cached.get(file)?.get(offset);
    if (old === undefined) return { status: 'NOT_READ', value: '', basedOn: '' };
    return this.#replace(file, offset, old, timeoutMs, under);
  }

  async #replace(
    file: NfsFile,
    offset: number,
    old: string,
    timeoutMs: number | undefined,
    under?: Delegation,
  ): Promise<Update> {
    this.#written += 1;
    const value = `${this.#name}/${this.#written}`;
    const order = { offset, value, sync: true, basedOn: old, ...(under && { under }) };
    const { status } = await this.write(file, order, timeoutMs);
    return { status, value, basedOn: old };
  }

  #remember(file: NfsFile, offset: number, value: string): void {
    this.#cellsOf(file).set(offset, value);
  }

  #cellsOf(file: NfsFile): Map<number, string> {
    const known = this.#cached.get(file);
    if (known !== undefined) return known;
    const cells = new Map<number, string>();
    this.#cached.set(file, cells);
    file.onHoldingChange(({ start, end }) => {
      for (const offset of cells.keys()) {
        if ((end === null || offset < end) && offset + CELL_BYTES > start) cells.delete(offset);
      }
      if (!this.#client.files.includes(file)) this.#cached.delete(file);
    });
    return cells;
  }
}

function textOf(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('utf8', 0, end < 0 ? data.length : end);
}
