/**
 * Who is alone: the others, or this life? Where a missing beacon proves nothing, the filesystem's lock manager may have dropped the locks of this very
 * node, and it does not say so: from here, it is the others that are missing. Such a life would report each of them as soon as it boots, and
 * have it fenced, over and over, and be the last to go (I8). So where that is likely it lets the others speak first. It grants nothing meanwhile;
 * safety hangs on none of this (I9).
 */
import type { Clock } from '../../core/clock.ts';
import type { Incarnation, NodeId } from '../../core/ids.ts';
import { type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';
import type { PeerLook } from '../peer-beacons.ts';

/** Time enough for others to look and to say it in the ledger. */
const LETS_OTHERS_SPEAK_MS = 500;

export class SelfDoubt {
  readonly #node: NodeId;
  readonly #clock: Clock;
  /** The cluster as this life found it. */
  readonly #found: Ledger;
  /** Whom this life has seen, each in its latest life. */
  readonly #seen = new Map<NodeId, Incarnation>();
  #sinceMs: number | null = null;

  constructor(node: NodeId, clock: Clock, found: Ledger) {
    this.#node = node;
    this.#clock = clock;
    this.#found = found;
  }

  /** @returns is what this life sees to be kept to itself for now? To be asked with every look. */
  looked(ledger: Ledger, { missing }: Pick<PeerLook, 'missing'>): boolean {
    if (ledger.beaconProvesDeath) return false;
    const lost = new Set(missing.map(({ peer }) => peer));
    const peers = nodesOf(ledger).filter(
      (peer) => peer !== this.#node && ledger.members[peer]!.state === 'up',
    );
    for (const peer of peers) if (!lost.has(peer)) this.#seen.set(peer, ledger.members[peer]!.incarnation);
    if (peers.length === 0 || lost.size < peers.length || !this.#looksLikeMe(ledger, peers)) {
      this.#sinceMs = null;
      return false;
    }
    this.#sinceMs ??= this.#clock.nowMs();
    return this.#clock.nowMs() - this.#sinceMs < LETS_OTHERS_SPEAK_MS;
  }

  /** All others at once; or the only other one, which booted while this life ran, and whose beacon it never saw. */
  #looksLikeMe(ledger: Ledger, [first, ...more]: readonly NodeId[]): boolean {
    if (more.length > 0) return true;
    const { incarnation } = ledger.members[first!]!;
    return (
      this.#seen.get(first!) !== incarnation && memberOf(this.#found, first!)?.incarnation !== incarnation
    );
  }
}
