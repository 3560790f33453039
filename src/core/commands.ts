/** What may be asked of a ledger, by whom, and what it may come to: the vocabulary of the transitions. */
import type { Incarnation, NodeId, View } from './ids.ts';
import type { Ledger } from './ledger.ts';

/** Commands of a node carry its incarnation and are refused when it is not the current one (fencing). */
export interface FromNode {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

export type Command =
  /** A new member; it is down until it boots. From an operator. */
  | { readonly type: 'admit'; readonly node: NodeId }
  /** A member that is down and owed nothing leaves for good. From an operator. */
  | { readonly type: 'retire'; readonly node: NodeId }
  /** A life begins: `incarnation` is the new one, whose beacon is already lit. */
  | ({ readonly type: 'boot' } & FromNode)
  /** Sent after the node stopped granting, drained, and made its clients durable in the current epoch. Never before. */
  | ({ readonly type: 'acknowledge'; readonly view: View } & FromNode)
  /** The beacon of (peer, peerIncarnation) is missing. */
  | ({
      readonly type: 'report-death';
      readonly peer: NodeId;
      readonly peerIncarnation: Incarnation;
    } & FromNode)
  /** The fencer's word: that life is over. */
  | { readonly type: 'confirm-death'; readonly node: NodeId; readonly incarnation: Incarnation }
  /** The sender serves the claims of `dead`, which is down (failover). */
  | ({ readonly type: 'inherit'; readonly dead: NodeId } & FromNode)
  /** The sender grants no more reclaims to clients of `claimant` (itself, or a node that it is the heir of). */
  | ({ readonly type: 'finish'; readonly claimant: NodeId } & FromNode)
  /** Nobody serves the claims of `dead`, and the deadline passed. The caller judges the deadline. */
  | ({ readonly type: 'abandon'; readonly dead: NodeId } & FromNode)
  /** The same by the word of a person who will not wait for the deadline. */
  | { readonly type: 'abandon'; readonly dead: NodeId; readonly operator: true }
  /**
   * The address of `owner` is to move to `to` with its clients, as planned (C11); to its owner, that is a failback. From an
   * operator, or from whoever wants its own address back: any may ask for it, since it breaks nothing. `filesystem`: addresses stay, and `to`
   * is to serve the filesystem in place of `owner` (row 29).
   */
  | {
      readonly type: 'migrate';
      readonly owner: NodeId;
      readonly to: NodeId;
      readonly filesystem?: boolean;
    }
  /** The sender, past the barrier, has let go of all that the clients of that address held. */
  | ({ readonly type: 'hand-over'; readonly owner: NodeId } & FromNode)
  /** A planned stop begins: grace first, while the sender still holds its locks (C11). */
  | ({ readonly type: 'leave' } & FromNode)
  /** A planned stop ends: the sender is past the barrier and has let go of its locks. */
  | ({ readonly type: 'depart' } & FromNode);

export type Refusal =
  | 'not-a-member'
  | 'already-a-member'
  | 'still-serving'
  | 'claims-open'
  | 'stale-incarnation'
  | 'not-the-next-incarnation'
  | 'old-view'
  | 'already-acknowledged'
  | 'already-down'
  | 'already-suspect'
  | 'own-death'
  | 'no-grace'
  | 'in-grace'
  | 'before-barrier'
  | 'claims-closed'
  | 'has-heir'
  | 'not-served-here'
  | 'already-leaving'
  | 'not-leaving'
  | 'already-there'
  | 'not-serving'
  | 'moving'
  | 'not-moving'
  | 'address-carried';

export type TransitionResult =
  | { readonly ok: true; readonly ledger: Ledger }
  | { readonly ok: false; readonly refusal: Refusal };

export const refuse = (refusal: Refusal): TransitionResult => ({ ok: false, refusal });

export const done = (ledger: Ledger): TransitionResult => ({ ok: true, ledger });
