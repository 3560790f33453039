/** What an operator may do to the ledger of a lock domain from outside, and what it comes to. Made by a composition root. */
import type { Fencer } from '../core/fencer.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Refusal } from '../core/transitions.ts';
import type { Repair } from './scenario.ts';

/**
 * `still-alive`: nobody has made sure that the life is over, and a person's word alone is not enough (I2, I3).
 */
export type RepairRefusal = Refusal | 'still-alive';

/** With several lock domains addresses stay, and filesystems move. */
export type Moved = 'address' | 'filesystem';

export type RepairOutcome =
  | { readonly done: true; readonly ledger: Ledger; readonly revision: number }
  /** `sentence` says it to a person, with what to do instead. */
  | { readonly done: false; readonly refusal: RepairRefusal; readonly sentence: string };

/** At one domain. Its calls reject when the store does not answer. */
export interface Operator extends AsyncDisposable {
  repair(repair: Repair, node: string): Promise<RepairOutcome>;
  /** The service address of `owner`, or this domain's filesystem as it serves it, moves to `to` as planned, with its clients. Done: it has begun. */
  move(what: Moved, owner: string, to: string): Promise<RepairOutcome>;
}

/** Where the operator finds a domain. */
export interface OperatorsDomain {
  /** As the lab itself sees it: `export/` and `.gracelab/` are in it. */
  readonly directory: string;
  readonly store:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'etcd'; readonly endpoints: readonly string[]; readonly prefix: string };
}

/** @param fencer asked before a node whose beacon does not prove its death is declared dead */
export type OpenOperator = (domain: OperatorsDomain, fencer: Fencer) => Promise<Operator>;
