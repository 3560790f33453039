import type { Coordination, RecordAnswer } from './coordination.ts';
import type { Client } from './state/clients.ts';

/**
 * The durable records of this node's clients, as the protocol needs them. Writes for one owner are made
 * one after another in the order they were asked for. Without that, a RECLAIM_COMPLETE whose write is on its
 * way and the removal after a client's restart could be swapped: the new instance would have the
 * old one's record, and could reclaim after the next failure what it never had (I6).
 */
export class ClientRecords {
  readonly #coordination: Coordination;
  /** By owner: the newest write that was asked for. Only while one is on its way. */
  readonly #newest = new Map<string, Promise<RecordAnswer>>();

  constructor(coordination: Coordination) {
    this.#coordination = coordination;
  }

  /** The client has completed, or gets its record back after it acknowledged what it lost. True when durable. */
  async write(client: Client): Promise<boolean> {
    const answer = await this.#inOrder(client, async () => {
      // By now the client may be on its way out; its record must not come back.
      if (client.standing !== 'live') return 'unavailable';
      // Or the write before this one has done it: each request that meets DELAY asks for one.
      if (client.recorded) return 'durable';
      const written = await this.#coordination.completed(client.identity);
      client.recorded = written === 'durable' && client.standing === 'live';
      return written;
    });
    return answer === 'durable' && client.recorded;
  }

  /** True when the record is durably gone, so that the client's locks may be given to others. */
  async remove(client: Client): Promise<boolean> {
    const answer = await this.#inOrder(client, () => {
      client.recorded = false;
      return this.#coordination.forget(client.identity);
    });
    return answer === 'durable';
  }

  /** Tells the coordinator that a client id was confirmed; the real product does nothing then (mutant D9). */
  async confirmed(client: Client): Promise<boolean> {
    return (await this.#inOrder(client, () => this.#coordination.confirmed(client.identity))) === 'durable';
  }

  async #inOrder(client: Client, write: () => Promise<RecordAnswer> | RecordAnswer): Promise<RecordAnswer> {
    const owner = client.identity.ownerId;
    const turn = this.#afterwards(this.#newest.get(owner), write);
    this.#newest.set(owner, turn);
    const answer = await turn;
    if (this.#newest.get(owner) === turn) this.#newest.delete(owner);
    return answer;
  }

  async #afterwards(
    earlier: Promise<RecordAnswer> | undefined,
    write: () => Promise<RecordAnswer> | RecordAnswer,
  ): Promise<RecordAnswer> {
    if (earlier !== undefined) await earlier;
    try {
      return await write();
    } catch {
      // A store that throws instead of answering is a store that did not answer (I7).
      return 'unavailable';
    }
  }
}
