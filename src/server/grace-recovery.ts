/** One node's side of the grace that runs: whose clients may reclaim here, who is still expected, and until when. */
import type { ClientRecord, RecordScope } from '../core/client-record.ts';
import type { Clock } from '../core/clock.ts';
import type { NodeId } from '../core/ids.ts';
import { barrierReached, claimsServedBy, inGrace, type Ledger, memberOf, nodesOf } from '../core/ledger.ts';
import type { Mutants } from '../core/mutants.ts';
import type { NodeEvent } from '../history/events.ts';
import { type DomainStore, RecordsUnreadableError } from '../store/store.ts';
import type { ClientIdentity, ReclaimAnswer } from './coordination.ts';
import { GraceDeadline } from './grace-deadline.ts';
import { asText } from './own-records.ts';
import { ReclaimClaims } from './reclaim-claims.ts';

export interface GraceRecoveryOptions {
  readonly node: NodeId;
  readonly store: DomainStore;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly mutants: Mutants;
  readonly observe: (
    event: Pick<NodeEvent, 'event' | 'view' | 'epoch' | 'peer' | 'count' | 'detail'>,
  ) => void;
  /** The deadline has passed. */
  readonly onDue: () => void;
}

export class GraceRecovery {
  readonly #options: GraceRecoveryOptions;
  #claims: ReclaimClaims | null = null;
  #deadline: GraceDeadline | null = null;
  #cancelDeadline: () => void = () => {};
  /** The view whose barrier began the deadline. */
  #barrierView = 0;
  /** Claims whose `finish` is on its way: nothing is granted for them from before it is sent. */
  readonly #finishing = new Set<NodeId>();

  constructor(options: GraceRecoveryOptions) {
    this.#options = options;
  }

  /** A newer ledger, in grace. */
  learn(before: Ledger, ledger: Ledger): void {
    if (this.#claims?.recoveryEpoch !== ledger.recoveryEpoch)
      this.#claims = new ReclaimClaims(ledger.recoveryEpoch!);
    const served = claimsServedBy(ledger, this.#options.node);
    for (const claimant of nodesOf(ledger)) if (!served.includes(claimant)) this.#claims.unload(claimant);
    if (!barrierReached(ledger)) {
      // A `finish` that was on its way has been refused: it comes again after the next barrier, if it still should.
      this.#finishing.clear();
      this.#stopDeadline();
    } else if (this.#barrierView !== ledger.view) {
      this.#barrierView = ledger.view;
      this.#startDeadline();
      this.#options.observe({ event: 'barrier', view: ledger.view });
    } else if (departed(before, ledger)) this.#startDeadline();
  }

  /** A newer ledger, out of grace. */
  lift(ledger: Ledger): void {
    this.#claims = null;
    this.#finishing.clear();
    this.#stopDeadline();
    this.#options.observe({ event: 'lifted', view: ledger.view });
  }

  close(): void {
    this.#stopDeadline();
  }

  /** Past the barrier: the records of all whose claims are served here. Rejects with StoreUnavailableError. */
  async load(ledger: Ledger): Promise<void> {
    const { node, mutants, observe } = this.#options;
    const claims = this.#claims;
    const { recoveryEpoch } = ledger;
    if (claims === null || recoveryEpoch === null) return;
    if (!barrierReached(ledger) && !mutants.has('D11')) return;
    for (const claimant of claimsServedBy(ledger, node)) {
      if (claims.isLoaded(claimant)) continue;
      const records = await this.#recordsOf({ epoch: recoveryEpoch, node: claimant });
      claims.load(claimant, records, ledger.members[claimant]!.recordedIncarnation);
      observe({ event: 'records-loaded', epoch: recoveryEpoch, peer: claimant, count: records.length });
    }
  }

  /** I4. The caller has made sure that this life is current and its store answers. */
  answer(client: ClientIdentity, ledger: Ledger): ReclaimAnswer {
    const { node, mutants, clock } = this.#options;
    if (!inGrace(ledger)) return 'no-grace';
    if (!barrierReached(ledger) && !mutants.has('D11')) return 'delay';
    const served = claimsServedBy(ledger, node).filter((claimant) => !this.#finishing.has(claimant));
    if (served.some((claimant) => !this.#claims?.isLoaded(claimant))) return 'delay';
    const answer = this.#claims?.answer(client, served) ?? 'no-grace';
    if (answer === 'grant') this.#deadline?.reclaimed(clock.nowMs());
    return answer;
  }

  /** It sent RECLAIM_COMPLETE, and its record is durable. */
  complete(client: ClientIdentity): void {
    this.#claims?.complete(client);
  }

  /** Its record is durably gone, and with it its claim. */
  forget(client: ClientIdentity): void {
    this.#claims?.forget(client);
  }

  /** From now on nobody reclaims from this claimant here: its `finish` is about to be sent. */
  finishing(claimant: NodeId): void {
    this.#finishing.add(claimant);
  }

  /** Nobody is waited for any more. */
  due(): boolean {
    return this.#deadline !== null && this.#options.clock.nowMs() >= this.#deadline.atMs();
  }

  /** Those served here whose recorded clients all completed, or all that are served when the deadline has passed. */
  finished(ledger: Ledger): Set<NodeId> {
    const due = this.due();
    const served = claimsServedBy(ledger, this.#options.node);
    return new Set(served.filter((claimant) => due || this.#claims?.areThrough(claimant)));
  }

  /** Names of the clients that are still expected, by the node that recorded them. */
  outstanding(ledger: Ledger): Record<string, string[]> {
    if (!inGrace(ledger)) return {};
    const served = claimsServedBy(ledger, this.#options.node);
    return Object.fromEntries(
      served.map((claimant) => [claimant, (this.#claims?.outstanding(claimant) ?? []).map(asText)]),
    );
  }

  /** Milliseconds from now; null before the barrier and outside grace. */
  endsInMs(): { readonly usual: number; readonly latest: number } | null {
    if (this.#deadline === null) return null;
    const nowMs = this.#options.clock.nowMs();
    return { usual: this.#deadline.atMs() - nowMs, latest: this.#deadline.latestMs() - nowMs };
  }

  /** Row 20: what cannot be read gives nobody a claim, and the operator is told. */
  async #recordsOf(scope: RecordScope): Promise<readonly ClientRecord[]> {
    try {
      return await this.#options.store.records(scope);
    } catch (error) {
      if (!(error instanceof RecordsUnreadableError)) throw error;
      const detail = `${error.message}; none of its clients may reclaim`;
      this.#options.observe({ event: 'store-unavailable', detail });
      return [];
    }
  }

  #startDeadline(): void {
    this.#deadline = new GraceDeadline(this.#options, this.#options.clock.nowMs());
    this.#armDeadline();
  }

  #stopDeadline(): void {
    this.#deadline = null;
    this.#cancelDeadline();
  }

  /** Reclaims move the deadline while the timer runs, so it looks again when it fires. */
  #armDeadline(): void {
    this.#cancelDeadline();
    const deadline = this.#deadline;
    if (deadline === null) return;
    const inMs = Math.max(0, deadline.atMs() - this.#options.clock.nowMs());
    this.#cancelDeadline = this.#options.clock.after(inMs, () => {
      if (this.#deadline !== deadline) return;
      if (this.#options.clock.nowMs() < deadline.atMs()) this.#armDeadline();
      else this.#options.onDue();
    });
  }
}

/** A leaver has let its locks go: only from now on can its clients reclaim, so only from now on is it their time that runs. */
const departed = (before: Ledger, now: Ledger): boolean =>
  nodesOf(now).some(
    (node) => memberOf(before, node)?.leaving === true && now.members[node]!.state === 'down',
  );
