/**
 * A filesystem that another node is to serve in place of this one, as planned (row 29). It is handed over first and its clients' state let go
 * after that: they stay in touch with this node, so that nobody would tell them to reclaim were nothing to come of the move. Nothing can
 * be taken from them in between: everybody refuses new state until their claims are closed, and they go elsewhere when they are told.
 */
import type { NodeId } from '../../core/ids.ts';
import { carrierOf, type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';
import { mayHandOver, type Self } from '../../core/next-command.ts';
import type { Moves, PlannedMovesOptions } from './planned-moves.ts';

export class FilesystemMoves implements Moves {
  readonly #options: PlannedMovesOptions;
  readonly #done = new Set<NodeId>();
  /** Of whom nothing is here any more: their node sends them elsewhere, or another one serves them now. */
  readonly #released = new Set<NodeId>();
  /** And what was recorded of them is gone. */
  readonly #cleared = new Set<NodeId>();

  constructor(options: PlannedMovesOptions) {
    this.#options = options;
  }

  get done(): ReadonlySet<NodeId> {
    return this.#done;
  }

  /** Lets go in the turn in which it learns of the hand-over, so that nobody is told of it before. */
  learn(ledger: Ledger, self: Self): void {
    const { letGoOf, records, mutants } = this.#options;
    for (const owner of nodesOf(ledger)) {
      const isHere = carrierOf(ledger, owner) === self.node;
      if (isHere && memberOf(ledger, owner)!.movingTo === null) this.#done.delete(owner);
      if (isHere && this.#released.delete(owner)) {
        this.#cleared.delete(owner);
        records.resume(owner);
      }
      const wasHere = owner === self.node || this.#done.has(owner);
      if (isHere || !wasHere || this.#released.has(owner)) continue;
      this.#released.add(owner);
      if (!mutants.has('M10')) letGoOf(owner);
    }
  }

  /**
   * Before the hand-over: whoever holds nothing here has nothing to reclaim, and nobody tells it to go to the taker, which would wait for it.
   * After it: what this life has recorded of those clients goes before it says anything more to the ledger. Should the filesystem come back to it,
   * who did not reclaim meanwhile would be taken for recorded (edge condition 2). Rejects with the store's errors.
   */
  async letGo(ledger: Ledger, self: Self): Promise<void> {
    const { records, recovery, mutants, holders } = this.#options;
    for (const owner of mayHandOver(ledger, self, mutants)) {
      if (this.#done.has(owner)) continue;
      const isOwn = owner === self.node && holders !== undefined;
      if (isOwn && (await records.withdrawIdle(owner, holders)) === 'fenced') return;
      this.#done.add(owner);
    }
    for (const owner of this.#released) {
      if (this.#cleared.has(owner)) continue;
      if ((await records.release(owner)) === 'fenced') return;
      recovery.release(owner);
      this.#cleared.add(owner);
    }
  }
}
