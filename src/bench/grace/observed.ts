/** What a run of the grace benchmark has seen: plain data, from which figures.ts takes its figures. */
import type { History } from '../../history/events.ts';
import type { StoreKind } from '../../scenario/scenario.ts';
import type { StoreUse } from '../../store/counted.ts';

/** One combination of what is varied. */
export interface GracePlan {
  /** 2 or more: one of them loses its power, the others survive. */
  readonly nodes: number;
  /** Of the node that loses its power. */
  readonly clients: number;
  readonly store: StoreKind;
  readonly leaseMs: number;
}

/** Whose power is cut. */
export const VICTIM = 'n1';

/** What the store and the nodes had counted at one moment. */
export interface Count {
  /** Transactions that changed the store, by its own word, since whenever. */
  readonly transactions: number;
  /** By node that was up; counted since the beginning of that life. */
  readonly uses: Readonly<Record<string, StoreUse & { readonly incarnation: number }>>;
}

/**
 * - `started`: all nodes serve and the first grace is over;
 * - `entered`: all clients have their lock;
 * - `worked`: after the traffic, which is right before the first power cut;
 * - `lifted`: the grace of the first power cut is over, which is right before the second;
 * - `stopped`: the survivors of the second have reached their barrier.
 */
export type Moment = 'started' | 'entered' | 'worked' | 'lifted' | 'stopped';

/** In nanoseconds of the history. */
export interface Cut {
  /** The order was given. First the network goes silent, then every process is killed. */
  readonly at: number;
  /** Every process was gone, and with them the beacon. */
  readonly goneAt: number;
}

export interface ObservedGrace {
  readonly plan: GracePlan;
  readonly history: History;
  /** Why it ended before everything was seen: one sentence; null: it did not. */
  readonly failure: string | null;
  readonly counts: Readonly<Partial<Record<Moment, Count>>>;
  /** LOCK and LOCKU requests in normal operation, by what they were answered. */
  readonly traffic: Readonly<Record<string, number>> | null;
  /** The node boots again at once. */
  readonly reboot: Cut | null;
  /** It stays down. */
  readonly loss: Cut | null;
  /** Of the victim's clients after the first grace: how many still hold their lock. */
  readonly holding: number | null;
}
