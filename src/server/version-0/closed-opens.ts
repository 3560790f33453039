import type { SessionlessClient } from './client.ts';
import type { OpenOwner } from './open-owner.ts';

interface Closed {
  readonly client: SessionlessClient;
  readonly owner: OpenOwner;
}

/** Opens that are closed, the newest of each owner: a CLOSE that comes again names one, and nothing else tells whose it was. */
export class ClosedOpens {
  readonly #byIndex = new Map<number, Closed>();

  add(index: number, client: SessionlessClient, owner: OpenOwner): void {
    this.forget(owner);
    owner.closed = index;
    this.#byIndex.set(index, { client, owner });
  }

  find(index: number): Closed | undefined {
    const closed = this.#byIndex.get(index);
    return closed?.client.standing === 'gone' ? undefined : closed;
  }

  /** Its owner has gone on, or is forgotten. */
  forget(owner: OpenOwner): void {
    if (owner.closed !== null) this.#byIndex.delete(owner.closed);
    owner.closed = null;
  }
}
