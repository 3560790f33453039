/**
 * What the lab knows about the cluster from the events seen so far: the newest ledger, and what has
 * happened since a moment. Steps that wait ask here.
 */
import { barrierReached, inGrace, type Ledger } from '../core/ledger.ts';
import type { HistoryEvent, LedgerEvent, OpEvent } from '../history/events.ts';

/**
 * - `refused`: a new lock or open was refused with GRACE;
 * - `granted`: a new lock was granted;
 * - `reclaiming`: a reclaim was answered, whatever the answer.
 */
export type Outcome = 'refused' | 'granted' | 'reclaiming';

export class Observations {
  readonly #swaps: LedgerEvent[] = [];
  /** By outcome and client, the newest moment. */
  readonly #outcomes = new Map<string, number>();

  add(event: HistoryEvent): void {
    if (event.kind === 'ledger') {
      // Swaps come from several nodes, so they can arrive out of order; mostly at the end all the same.
      let at = this.#swaps.length;
      while (at > 0 && this.#swaps[at - 1]!.t > event.t) at -= 1;
      this.#swaps.splice(at, 0, event);
    } else if (event.kind === 'op' && event.phase !== 'invoke') {
      const outcome = outcomeOf(event);
      if (outcome !== null) this.#outcomes.set(`${outcome} ${event.client}`, event.t);
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

  /** Has this happened to a request of the client at or after `since`? */
  outcomeSince(outcome: Outcome, client: string, since: number): boolean {
    return (this.#outcomes.get(`${outcome} ${client}`) ?? -1) >= since;
  }
}

function outcomeOf({ op, phase, reclaim, status }: OpEvent): Outcome | null {
  if (reclaim) return 'reclaiming';
  if (status === 'GRACE' && (op === 'lock' || op === 'open')) return 'refused';
  return op === 'lock' && phase === 'ok' ? 'granted' : null;
}
