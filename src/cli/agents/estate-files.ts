/** Estates as files of the control directory, which all nodes of the domain have: one of each giver for each address. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeId } from '../../core/ids.ts';
import type { EstateBoard } from '../../server/estates/estate.ts';
import { CONTROL_FILES } from './control-directory.ts';

/** In one turn each: what is waited for is a disk, and grace waits for it. */
export class EstateFiles implements EstateBoard {
  readonly #control: string;

  constructor(control: string) {
    this.#control = control;
  }

  /** Written aside, durably, and then renamed: nobody ever reads half of it. The lives of a node follow each other, so nobody else writes these. */
  async write(service: NodeId, giver: NodeId, text: string): Promise<void> {
    const path = this.#pathOf(service, giver);
    const own = `${path}.new`;
    writeFileSync(own, text, { mode: 0o600, flush: true });
    renameSync(own, path);
  }

  async read(service: NodeId, giver: NodeId): Promise<string | null> {
    try {
      return readFileSync(this.#pathOf(service, giver), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #pathOf(service: NodeId, giver: NodeId): string {
    return join(this.#control, `${CONTROL_FILES.estate}-of-${service}-by-${giver}`);
  }
}
