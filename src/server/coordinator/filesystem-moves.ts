/**
 * A filesystem that another node is to serve in place of this one, as planned (row 29). It is handed over first and its clients' state let go
 * after that: they stay in touch with this node, so that nobody would tell them to reclaim were nothing to come of the move. Nothing can
 * be taken from them in between: everybody refuses new state until their claims are closed, and they go elsewhere when they are told.
 * What is recorded of them in the new epoch is taken back before the hand-over, since afterwards nothing waits for this node any more: were the
 * taker lost and given up, the filesystem would be back at the very life that recorded them, and others might have had their locks.
 */
import type { NodeId } from '../../core/ids.ts';
import { carrierOf, inGrace, type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';
import { mayHandOver, type Self } from '../../core/next-command.ts';
import { estateFor } from './handed-estate.ts';
import type { Moves, PlannedMovesOptions } from './planned-moves.ts';

export class FilesystemMoves implements Moves {
  readonly #options: PlannedMovesOptions;
  /** What is recorded of whose clients is being taken back, or is already. */
  readonly #withdrawn = new Set<NodeId>();
  readonly #done = new Set<NodeId>();
  /** Of whom nothing is here any more: their node sends them elsewhere, or another one serves them now. */
  readonly #released = new Set<NodeId>();

  constructor(options: PlannedMovesOptions) {
    this.#options = options;
  }

  get done(): ReadonlySet<NodeId> {
    return this.#done;
  }

  /** Lets go in the turn in which it learns of the hand-over, so that nobody is told of it before. */
  learn(ledger: Ledger, self: Self): void {
    const { letGoOf, records, recovery, mutants } = this.#options;
    for (const owner of nodesOf(ledger)) {
      const isHere = carrierOf(ledger, owner) === self.node;
      const wasHere = owner === self.node || this.#done.has(owner);
      if (isHere) {
        const staysHere = memberOf(ledger, owner)!.movingTo === null;
        if (this.#released.delete(owner)) records.resume(owner);
        // Nothing came of it: grace goes on until this node has served their claims, and it says nothing before they are on record again.
        else if (staysHere && this.#withdrawn.has(owner) && !mutants.has('M20')) records.restore(owner);
        if (staysHere) this.#forget(owner);
      } else if (wasHere && !this.#released.has(owner)) {
        // What is listed is let go of in this turn, so that nothing else can become of it, and only then can be read.
        const estate = owner === self.node && this.#done.has(owner) ? this.#estate(ledger, self) : null;
        this.#released.add(owner);
        this.#forget(owner);
        records.handOver(owner);
        recovery.release(owner);
        if (!mutants.has('M10')) letGoOf(owner);
        if (estate !== null) void this.#options.estates?.board.write(owner, owner, estate).catch(() => {});
      }
    }
  }

  /**
   * Before the hand-over: whoever holds nothing here has nothing to reclaim, and nobody tells it to go to the taker, which would wait for it.
   * And what this life has recorded of those clients in the new epoch goes (edge condition 2). Rejects with the store's errors.
   */
  async letGo(ledger: Ledger, self: Self): Promise<void> {
    const { letGoOf, records, mutants, holders } = this.#options;
    for (const owner of mayHandOver(ledger, self, mutants)) {
      if (this.#done.has(owner)) continue;
      // Who was told to come here after it would find nothing at its home: it comes, or the time of a grace runs out.
      if (owner !== self.node && records.hasAny(owner) && !this.#options.recovery.due()) continue;
      // Whoever is still to come by then, or where this filesystem goes on, is a client of this node like any other.
      const isSettled = (service: NodeId) => (owner === self.node ? service !== owner : service === owner);
      if ((await records.settleAll(isSettled)) === 'fenced') return;
      const isOwn = owner === self.node && holders !== undefined;
      if (isOwn && (await records.withdrawIdle(owner, holders)) === 'fenced') return;
      this.#withdrawn.add(owner);
      if ((await records.withdraw(owner)) === 'fenced') return;
      if (mutants.has('M17')) letGoOf(owner);
      this.#done.add(owner);
    }
  }

  /** For the life that has it now; null where nobody would ask for it. */
  #estate(ledger: Ledger, self: Self): string | null {
    if (!inGrace(ledger)) return null;
    return estateFor(carrierOf(ledger, self.node), self.node, ledger, self, this.#options);
  }

  #forget(owner: NodeId): void {
    this.#withdrawn.delete(owner);
    this.#done.delete(owner);
  }
}
