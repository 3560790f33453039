/**
 * What the lab knows about the cluster from the events seen so far: the newest ledger of each lock domain, and what has
 * happened since a moment. Steps that wait ask here.
 */

import { endsLife } from '../check/node-lives.ts';
import { asNodeId } from '../core/ids.ts';
import { barrierReached, inGrace, memberOf } from '../core/ledger.ts';
import type { Role } from '../faults/targets.ts';
import type { FaultEvent, HistoryEvent, LedgerEvent, NodeEvent, OpEvent } from '../history/events.ts';
import { playersOf } from './roles.ts';
import type { NodeCondition } from './scenario.ts';

/**
 * - `refused`: a new lock or open was refused with GRACE;
 * - `granted`: a new lock was granted;
 * - `reclaiming`: a reclaim was answered, whatever the answer.
 */
export type Outcome = 'refused' | 'granted' | 'reclaiming';

/** What of a node events tell. */
export type ObservedOfNode = Exclude<NodeCondition, 'up' | 'armed'>;

export class Observations {
  /** By lock domain, '' where there is only one. */
  readonly #swaps = new Map<string, LedgerEvent[]>();
  /** By outcome and client, or by event and node: the newest moment. */
  readonly #newest = new Map<string, number>();
  #lastDeathAt = 0;

  add(event: HistoryEvent): void {
    if (event.kind === 'ledger') this.#addSwap(event);
    else if (event.kind === 'fault' && event.phase === 'begin') this.#addFault(event);
    else if (event.kind === 'node') this.#addNodeEvent(event);
    else if (event.kind === 'op' && event.phase !== 'invoke') {
      const outcome = outcomeOf(event);
      if (outcome !== null) this.#newest.set(`${outcome} ${event.client}`, event.t);
    }
  }

  /** When the newest fault began that ended a node's life or moved its clients, or a node ended its own life; 0 before the first. */
  get lastDeathAt(): number {
    return this.#lastDeathAt;
  }

  /** When the newest fault began that ended this node's life, or moved its clients; 0 when none did. */
  diedAt(node: string): number {
    return this.#newest.get(`died ${node}`) ?? 0;
  }

  /** When the newest fault of any kind began that hit one of these; 0 when none did. */
  brokenAt(names: readonly string[]): number {
    return Math.max(0, ...names.map((name) => this.#newest.get(`broken ${name}`) ?? 0));
  }

  /** Is it in the newest ledger of some domain? */
  isMember(node: string): boolean {
    return this.#newestLedgers().some((ledger) => memberOf(ledger, asNodeId(node)) !== undefined);
  }

  /** Who plays this role by the newest ledgers. */
  playing(role: Role): readonly string[] {
    return playersOf(role, this.#newestLedgers());
  }

  /** Which node the service address of this one leads to, by the newest ledger. With several lock domains addresses stay. */
  carrierOf(node: string): string {
    return this.serverOf('', node);
  }

  /** Which node serves the clients of this one in this domain, by the newest ledger; '': in the only one. */
  serverOf(domain: string, node: string): string {
    const newest = this.#swaps.get(domain)?.at(-1)?.ledger;
    return (newest && memberOf(newest, asNodeId(node))?.addressAt) ?? node;
  }

  /** Where these clients are about to go as planned, by the newest ledger; null: nowhere. */
  movingTo(domain: string, node: string): string | null {
    const newest = this.#swaps.get(domain)?.at(-1)?.ledger;
    return (newest && memberOf(newest, asNodeId(node))?.movingTo) ?? null;
  }

  /** A grace runs in some domain, or one has begun since. `since` in nanoseconds of the history. */
  graceSince(since: number): boolean {
    return this.#someSwap(since, ({ ledger }) => inGrace(ledger));
  }

  /** The barrier of a grace was reached since, or a grace that reached it runs still. */
  barrierSince(since: number): boolean {
    return this.#someSwap(since, ({ ledger }) => inGrace(ledger) && barrierReached(ledger));
  }

  /** A grace has been seen since, and none runs now in any domain. `since` 0: none runs, and one has run. */
  liftedSince(since: number): boolean {
    const newest = [...this.#swaps.values()].map((swaps) => swaps.at(-1)!);
    const ended = newest.some(({ ledger, t }) => !inGrace(ledger) && t >= since);
    const over = ended && newest.every(({ ledger }) => !inGrace(ledger));
    return over && (this.graceSince(since) || this.#liftedAtOnce(since));
  }

  /** Has this happened to the node at or after `since`? */
  nodeSince(condition: ObservedOfNode, node: string, since: number): boolean {
    const at = (event: string) => this.#newest.get(`${event} ${node}`) ?? -1;
    switch (condition) {
      case 'inherited':
        return this.#someSwap(
          since,
          ({ ledger }) => (memberOf(ledger, asNodeId(node))?.heir ?? null) !== null,
        );
      case 'fenced':
        return at('fence') >= since;
      case 'outage':
        return at('store-unavailable') >= since;
      case 'resumed':
        return at('store-unavailable') >= since && at('store-back') >= at('store-unavailable');
      case 'gave-up':
        // Said, and done.
        return at('gave-up') >= since && at('died') >= at('gave-up');
    }
  }

  /** Has this happened to a request of the client at or after `since`? */
  outcomeSince(outcome: Outcome, client: string, since: number): boolean {
    return (this.#newest.get(`${outcome} ${client}`) ?? -1) >= since;
  }

  /** A swap that began or joined a grace and had nobody to wait for ended it as well. */
  #liftedAtOnce(since: number): boolean {
    return [...this.#swaps.values()].some((swaps) =>
      swaps.some(({ t, command }) => t >= since && BEGINS_GRACE.has(command)),
    );
  }

  /** One of each domain. */
  #newestLedgers() {
    return [...this.#swaps.values()].map((swaps) => swaps.at(-1)!.ledger);
  }

  /** Does this hold of a ledger that was written since, or is still the newest of its domain? */
  #someSwap(since: number, holds: (swap: LedgerEvent) => boolean): boolean {
    return [...this.#swaps.values()].some((swaps) =>
      swaps.some((swap, index) => (swap.t >= since || index === swaps.length - 1) && holds(swap)),
    );
  }

  #addSwap(event: LedgerEvent): void {
    const domain = event.domain ?? '';
    const swaps = this.#swaps.get(domain) ?? [];
    this.#swaps.set(domain, swaps);
    // Swaps come from several nodes, so they can arrive out of order; mostly at the end all the same.
    let at = swaps.length;
    while (at > 0 && isLater(swaps[at - 1]!, event)) at -= 1;
    swaps.splice(at, 0, event);
  }

  #addFault(event: FaultEvent): void {
    const isFence = event.fault === 'fence';
    const displaces = endsLife(event) || event.fault === 'migrate';
    for (const target of event.targets) {
      this.#newest.set(`${isFence ? 'fence' : 'broken'} ${target}`, event.t);
      if (displaces) this.#newest.set(`died ${target}`, event.t);
    }
    if (displaces) this.#lastDeathAt = Math.max(this.#lastDeathAt, event.t);
  }

  #addNodeEvent({ event, node, t }: NodeEvent): void {
    if (event === 'exited') {
      this.#newest.set(`died ${node}`, t);
      this.#lastDeathAt = Math.max(this.#lastDeathAt, t);
    }
    if (event === 'gave-up' || event === 'store-unavailable' || event === 'store-back')
      this.#newest.set(`${event} ${node}`, t);
  }
}

/** Whatever they are told of. */
const BEGINS_GRACE: ReadonlySet<string> = new Set(['report-death', 'confirm-death']);

function outcomeOf({ op, phase, reclaim, status }: OpEvent): Outcome | null {
  if (reclaim) return 'reclaiming';
  if (status === 'GRACE' && (op === 'lock' || op === 'open')) return 'refused';
  return op === 'lock' && phase === 'ok' ? 'granted' : null;
}

/** A node that stood still between a swap and the word of it tells it late, at a time when others have swapped on: the store's order counts. */
const isLater = (one: LedgerEvent, other: LedgerEvent): boolean =>
  one.revision !== undefined && other.revision !== undefined
    ? one.revision > other.revision
    : one.t > other.t;
