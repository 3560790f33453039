import type { FaultEvent, History, LedgerEvent, NodeEvent } from '../history/events.ts';
import { atBarrier, memberNamed } from './graces.ts';
import { endsLife, LAST_WORDS } from './node-lives.ts';

/**
 * Where a node was in a grace, by its own account.
 * - `no-grace`: it granted new state;
 * - `enforcing`: it refused new state, and had not seen the barrier;
 * - `reclaiming`: it had seen the barrier.
 */
export type GracePhase = 'no-grace' | 'enforcing' | 'reclaiming';

/** What one node knew at a moment, as far as the history shows. */
export interface NodeKnowledge {
  readonly node: string;
  /** null: the history does not say. */
  readonly incarnation: number | null;
  /** The newest view that it had learned of. */
  readonly view: number | null;
  readonly phase: GracePhase | null;
  /** What had ended its life, and when; null: nothing had. */
  readonly down: { readonly since: number; readonly why: string } | null;
  /** What else stood in its way or had come to its ears, each as half a sentence. */
  readonly notes: readonly string[];
}

/** A moment that a violation turns on: what the ledger said, and what each node knew of it. Plain data, part of `verdict.json`. */
export interface Moment {
  /** Nanoseconds since the run's origin. */
  readonly t: number;
  /** The newest swap that was answered by then; null: there was none. */
  readonly ledger: { readonly view: number; readonly recoveryEpoch: number | null } | null;
  readonly nodes: readonly NodeKnowledge[];
}

/** @param history in the order of `t`; of one lock domain */
export function momentAt(history: History, t: number): Moment {
  const { minds, ledger } = followed(history, t);
  const newest = ledger?.ledger;
  return {
    t,
    ledger: newest === undefined ? null : { view: newest.view, recoveryEpoch: newest.recoveryEpoch },
    nodes: [...minds.values()]
      .filter((mind) => mind.seen)
      .map((mind) => mind.knowledge())
      // What is of the node and of no domain is told of those, too, that do not serve this one.
      .filter(({ node }) => newest === undefined || memberNamed(newest, node) !== undefined)
      .sort((a, b) => (a.node < b.node ? -1 : 1)),
  };
}

/** Events by which a node says of grace, or of what keeps it from hearing of one, what explains its next answers. */
const TELLING = [
  'enforcing',
  'lifted',
  'beacon-missing',
  'inherited',
  'handed-over',
  'store-unavailable',
] as const;
export type TellingEvent = NodeEvent & { readonly event: (typeof TELLING)[number] };
const tells = (event: NodeEvent): event is TellingEvent =>
  (TELLING as readonly string[]).includes(event.event);

/**
 * What the last word on grace was by `t`, as far as `node` is concerned: its own, its acknowledgement of a view (a boot may be one
 * as well), or a ledger without grace, whoever swapped it in; null: there was none in this life of it.
 * @param history in the order of `t`; of one lock domain
 */
export function lastWordOnGrace(
  history: History,
  node: string,
  t: number,
): TellingEvent | LedgerEvent | null {
  return followed(history, t).of(node).last;
}

/** Every node followed through the history up to `t`, and the newest swap that was answered by then. */
function followed(history: History, t: number) {
  const minds = new Map<string, Mind>();
  let ledger: LedgerEvent | null = null;
  let quiet: LedgerEvent | null = null;
  const of = (node: string): Mind => {
    const mind = minds.get(node) ?? new Mind(node, quiet);
    minds.set(node, mind);
    return mind;
  };
  for (const event of history) {
    if (event.t > t) break;
    if (event.kind === 'run') for (const node of event.cluster?.nodes ?? []) of(node);
    else if (event.kind === 'node') of(event.node).heard(event);
    else if (event.kind === 'fault') for (const node of event.targets) minds.get(node)?.suffered(event);
    else if (event.kind === 'ledger') {
      if (ledger === null || event.ledger.view >= ledger.ledger.view) ledger = event;
      if (memberNamed(event.ledger, event.node) !== undefined) of(event.node).swapped(event);
      if (event.ledger.recoveryEpoch !== null) continue;
      quiet = event;
      for (const mind of minds.values()) mind.last = event;
    }
  }
  return { minds, ledger, of };
}

/** Where a node is in a grace after saying this. */
export const PHASE_AFTER: Partial<Record<NodeEvent['event'], GracePhase>> = {
  boot: 'enforcing',
  enforcing: 'enforcing',
  barrier: 'reclaiming',
  lifted: 'no-grace',
};

/** One node, followed through the history. */
class Mind {
  readonly #node: string;
  #incarnation: number | null = null;
  #view: number | null = null;
  #phase: GracePhase | null = null;
  #down: NodeKnowledge['down'] = null;
  #missing: string | null = null;
  #storeGoneSince: number | null = null;
  /** Faults that leave it alive, by name, and since when. */
  readonly #hindrances = new Map<string, number>();
  /** See {@link lastWordOnGrace}. */
  last: TellingEvent | LedgerEvent | null;

  constructor(node: string, last: LedgerEvent | null) {
    this.#node = node;
    this.last = last;
  }

  /** Does the history say anything of it at all? */
  get seen(): boolean {
    return this.#incarnation !== null || this.#down !== null || this.#hindrances.size > 0;
  }

  heard(event: NodeEvent): void {
    if (!this.#speaks(event.incarnation)) return;
    this.#phase = PHASE_AFTER[event.event] ?? this.#phase;
    if (tells(event)) this.last = event;
    if (event.view !== undefined && event.event !== 'serving') this.#learn(event.view);
    if (event.event === 'beacon-missing') this.#missing = event.peer ?? 'a peer';
    if (event.event === 'lifted') this.#missing = null;
    if (event.event === 'store-unavailable') this.#storeGoneSince ??= event.t;
    if (event.event === 'store-back') this.#storeGoneSince = null;
    const ending = LAST_WORDS[event.event];
    if (ending !== undefined) this.#down ??= { since: event.t, why: ending };
  }

  /** Whoever swaps knows what it swapped in. */
  swapped(event: LedgerEvent): void {
    const { command, incarnation, ledger, node } = event;
    if (!this.#speaks(incarnation)) return;
    const acknowledged = memberNamed(ledger, node)?.acknowledgedView === ledger.view;
    if (command === 'acknowledge' || (command === 'boot' && acknowledged)) this.last = event;
    if (ledger.view < (this.#view ?? 0)) return;
    this.#learn(ledger.view);
    if (ledger.recoveryEpoch === null) this.#phase = 'no-grace';
    else if (atBarrier(ledger)) this.#phase = 'reclaiming';
    else if (acknowledged) this.#phase = 'enforcing';
  }

  suffered(fault: FaultEvent): void {
    if (fault.phase === 'end') this.#hindrances.delete(fault.fault);
    else if (endsLife(fault)) this.#down ??= { since: fault.t, why: fault.fault };
    else this.#hindrances.set(fault.fault, fault.t);
  }

  knowledge(): NodeKnowledge {
    const notes = [...this.#hindrances].map(([fault, since]) => `${fault} since ${seconds(since)}`);
    if (this.#storeGoneSince !== null) notes.push(`without its store since ${seconds(this.#storeGoneSince)}`);
    if (this.#missing !== null) notes.push(`had found the beacon of ${this.#missing} missing`);
    return {
      node: this.#node,
      incarnation: this.#incarnation,
      view: this.#view,
      phase: this.#phase,
      down: this.#down,
      notes,
    };
  }

  /** A former life speaks no more for the node, and a new one begins without what the former one knew. */
  #speaks(incarnation: number): boolean {
    if (this.#incarnation !== null && incarnation < this.#incarnation) return false;
    if (incarnation !== this.#incarnation) this.#begin(incarnation);
    return true;
  }

  #begin(incarnation: number): void {
    // What it was first heard of in says nothing of what was before.
    if (this.#incarnation !== null) this.last = null;
    this.#incarnation = incarnation;
    this.#view = null;
    this.#down = null;
    this.#missing = null;
    this.#storeGoneSince = null;
  }

  #learn(view: number): void {
    this.#view = Math.max(this.#view ?? 0, view);
  }
}

const seconds = (ns: number): string => `${(ns / 1e9).toFixed(3)} s`;
