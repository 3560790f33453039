import type { Clock } from '../../core/clock.ts';
import type { LockDomain } from '../domains.ts';
import type { ClientRecords } from '../records.ts';
import type { SessionlessClient } from './client.ts';

/** This part of a lease without a reclaim, from a client that has reclaimed something, and it is taken to be through. */
const SILENCE = 1 / 2;

interface SilenceParts {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly records: ClientRecords;
}

/**
 * When a client of version 4.0 counts as complete (row 33). There is no RECLAIM_COMPLETE, so it is the server that says so:
 * - A recorded client that has not shown up, or has not reclaimed anything, is waited for until the deadline of the grace. That it
 *   confirmed its client id says nothing: it may not have begun. Nor may it get a record for that (edge condition 2, row 18).
 * - One that reclaims is at it for as long as reclaims come, each within half a lease of the one before: a client goes through
 *   its list without pause, and what can come in between is a lost segment, or DELAY.
 * - After that silence the coordinator hears that it is complete. If it was wrong, the client reclaims on for as long as the node is
 *   still in grace for somebody else, and is told NO_GRACE after that.
 * - At the deadline all is over for those that are at it, too. They have had their record since their first reclaim,
 *   so that they may reclaim after the next failure what they have, and what they came too late for they were told by NO_GRACE.
 *
 * Time decides here who is waited for, which no other rule lets it do; version 4.0 gives nothing else to go by. It never decides who may have
 * what: a reclaim is granted, or not, by records, barrier and lift.
 */
export class ReclaimSilence {
  readonly #parts: SilenceParts;
  readonly #waits = new Map<LockDomain, Map<SessionlessClient, () => void>>();
  #stopped = false;

  constructor(parts: SilenceParts) {
    this.#parts = parts;
  }

  /** It has reclaimed something there. */
  reclaimed(client: SessionlessClient, domain: LockDomain): void {
    let waits = this.#waits.get(domain);
    if (waits === undefined) {
      waits = new Map();
      this.#waits.set(domain, waits);
    }
    this.#wait(waits, client, domain);
  }

  stop(): void {
    this.#stopped = true;
    for (const waits of this.#waits.values()) for (const cancel of waits.values()) cancel();
    this.#waits.clear();
  }

  #wait(waits: Map<SessionlessClient, () => void>, client: SessionlessClient, domain: LockDomain): void {
    if (this.#stopped) return;
    waits.get(client)?.();
    const { clock, leaseMs } = this.#parts;
    waits.set(
      client,
      clock.after(leaseMs * SILENCE, () => {
        waits.delete(client);
        void this.#silent(waits, client, domain);
      }),
    );
  }

  async #silent(
    waits: Map<SessionlessClient, () => void>,
    client: SessionlessClient,
    domain: LockDomain,
  ): Promise<void> {
    if (client.standing === 'gone' || !domain.coordination.inGrace()) return;
    const complete = await this.#parts.records.complete(client, domain);
    // Its store did not answer; or it is on its way out, and then this ends with it.
    if (!complete && !waits.has(client)) this.#wait(waits, client, domain);
  }
}
