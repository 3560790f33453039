import type { Clock } from '../../core/clock.ts';
import type { NodeId } from '../../core/ids.ts';
import { type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';

/** A kernel lets go of the locks of a dead process in microseconds each; whoever holds one after this is alive. */
const LEFT_OVER_MS = 1000;

/**
 * The beacon of a life that is over goes out before its locks and marks do (docs/protocol.md), so that a reclaim may meet the very one that it is for, still
 * held by the kernel for the dead process: at the node's own next life, and at the heir. It only puts somebody off (I9).
 */
export class EndedLives {
  readonly #clock: Clock;
  /** The life of this node that was before began it all. */
  #latestMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#latestMs = clock.nowMs();
  }

  learn(before: Ledger, ledger: Ledger): void {
    if (nodesOf(before).some((node) => hasEnded(node, before, ledger))) this.#latestMs = this.#clock.nowMs();
  }

  /** May the filesystem still hold something for one of them? */
  mayHold(): boolean {
    return this.#clock.nowMs() - this.#latestMs < LEFT_OVER_MS;
  }
}

function hasEnded(node: NodeId, before: Ledger, ledger: Ledger): boolean {
  const was = before.members[node]!;
  const is = memberOf(ledger, node);
  if (was.state === 'down') return false;
  return is === undefined || is.state === 'down' || is.incarnation !== was.incarnation;
}
