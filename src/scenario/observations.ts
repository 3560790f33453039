/**
 * What the lab knows about the cluster from the events seen so far: the newest ledger, and what has
 * happened since a moment. Steps that wait ask here.
 */
import { barrierReached, inGrace, type Ledger } from '../core/ledger.ts';
import type { HistoryEvent, LedgerEvent } from '../history/events.ts';

export class Observations {
  readonly #swaps: LedgerEvent[] = [];
  /** By client and phase (`refused`, `granted`), the newest moment. */
  readonly #outcomes = new Map<string, number>();
  readonly #reclaimed = new Map<string, number>();

  add(event: HistoryEvent): void {
    if (event.kind === 'ledger') {
      // Swaps come from several nodes, so they can arrive out of order; mostly at the end all the same.
      let at = this.#swaps.length;
      while (at > 0 && this.#swaps[at - 1]!.t > event.t) at -= 1;
      this.#swaps.splice(at, 0, event);
    } else if (event.kind === 'op' && event.op === 'lock') {
      if (event.phase === 'fail' && event.status === 'GRACE')
        this.#outcomes.set(`refused ${event.client}`, event.t);
      if (event.phase === 'ok') {
        if (event.reclaim) this.#reclaimed.set(event.client, event.t);
        else this.#outcomes.set(`granted ${event.client}`, event.t);
      }
    }
  }

  /** The newest ledger, or null before the first swap. */
  get ledger(): Ledger | null {
    return this.#swaps.at(-1)?.ledger ?? null;
  }

  /** A grace runs, or one has begun since. `since` in nanoseconds of the history. */
  graceSince(since: number): boolean {
    return this.#swaps.some(
      (swap, index) => inGrace(swap.ledger) && (swap.t >= since || index === this.#swaps.length - 1),
    );
  }

  /** The barrier of a grace was reached since, or the grace that reached it runs still. */
  barrierSince(since: number): boolean {
    return this.#swaps.some(
      ({ ledger, t }, index) =>
        inGrace(ledger) && barrierReached(ledger) && (t >= since || index === this.#swaps.length - 1),
    );
  }

  /** A grace has been seen since, and none runs now. `since` 0: none runs, and one has run. */
  liftedSince(since: number): boolean {
    const newest = this.#swaps.at(-1);
    return newest !== undefined && !inGrace(newest.ledger) && newest.t >= since && this.graceSince(since);
  }

  /** The client asked for a new lock and was told GRACE, or was granted one, at or after `since`. */
  outcomeSince(outcome: 'refused' | 'granted', client: string, since: number): boolean {
    return (this.#outcomes.get(`${outcome} ${client}`) ?? -1) >= since;
  }

  reclaimedSince(client: string, since: number): boolean {
    return (this.#reclaimed.get(client) ?? -1) >= since;
  }
}
