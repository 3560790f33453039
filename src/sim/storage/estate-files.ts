/** Estates on a simulated shared filesystem: they are there for all who come later, and take as long as it takes to write a file durably. */

import type { Random } from '../../core/clock.ts';
import type { NodeId } from '../../core/ids.ts';
import type { EstateBoard } from '../../server/estates/estate.ts';
import type { SimProcess } from '../machine/process.ts';

export class SimEstateFiles implements EstateBoard {
  readonly #files: Map<string, string>;
  readonly #process: SimProcess;
  readonly #random: Random;

  /** @param files of this control directory, which all its nodes share */
  constructor(files: Map<string, string>, process: SimProcess, random: Random) {
    this.#files = files;
    this.#process = process;
    this.#random = random;
  }

  async write(service: NodeId, giver: NodeId, text: string): Promise<void> {
    await this.#for(1 + 4 * this.#random());
    if (this.#process.acts) this.#files.set(`${service} ${giver}`, text);
  }

  async read(service: NodeId, giver: NodeId): Promise<string | null> {
    await this.#for(this.#random());
    return this.#files.get(`${service} ${giver}`) ?? null;
  }

  #for(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#process.after(ms, resolve));
  }
}
