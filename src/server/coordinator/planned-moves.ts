/** Addresses that go to another node as planned (C11): past the barrier their clients are let go here, then the address is handed over. */
import type { NodeId } from '../../core/ids.ts';
import { carrierOf, type Ledger, memberOf } from '../../core/ledger.ts';
import type { Mutants } from '../../core/mutants.ts';
import { mayHandOver, type Self } from '../../core/next-command.ts';
import type { ClientIdentity } from '../coordination.ts';
import type { GraceRecovery } from '../grace-recovery.ts';
import type { OwnRecords } from '../own-records.ts';
import { estateFor } from './handed-estate.ts';
import type { EstateDesk } from './take-overs.ts';

export interface PlannedMovesOptions {
  /** {@link CoordinatorOptions.letGoOf} */
  readonly letGoOf: (owner: NodeId) => void;
  /** {@link CoordinatorOptions.holders} */
  readonly holders?: () => readonly ClientIdentity[];
  /** {@link CoordinatorOptions.estates} */
  readonly estates?: EstateDesk;
  readonly records: OwnRecords;
  readonly recovery: GraceRecovery;
  readonly mutants: Mutants;
}

/** What another node is to serve in place of this one, as planned: an address, or a filesystem (filesystem-moves.ts). */
export interface Moves {
  /** Those that may be handed over. */
  readonly done: ReadonlySet<NodeId>;
  /** Is nothing of these clients here any more, though the ledger still leads them here? */
  hasReleased?(owner: NodeId): boolean;
  learn(ledger: Ledger, self: Self): void;
  letGo(ledger: Ledger, self: Self): Promise<void>;
}

export class PlannedMoves implements Moves {
  readonly #options: PlannedMovesOptions;
  /** Nothing of their clients is here any more. */
  readonly #released = new Set<NodeId>();
  /** And all is written that was to be written about them. */
  readonly #done = new Set<NodeId>();

  constructor(options: PlannedMovesOptions) {
    this.#options = options;
  }

  get done(): ReadonlySet<NodeId> {
    return this.#done;
  }

  hasReleased(owner: NodeId): boolean {
    return this.#released.has(owner);
  }

  /** A move that came to nothing leaves the address here; one that was done may be undone by another. */
  learn(ledger: Ledger, self: Self): void {
    for (const owner of this.#released) {
      const moving = (memberOf(ledger, owner)?.movingTo ?? null) !== null;
      if (carrierOf(ledger, owner) !== self.node || moving) continue;
      this.#released.delete(owner);
      this.#done.delete(owner);
      this.#options.records.resume(owner);
    }
  }

  /** The locks go, and then the last writes about these clients land: none may come after what the taker writes. Rejects with the store's errors. */
  async letGo(ledger: Ledger, self: Self): Promise<void> {
    const { letGoOf, records, recovery, mutants } = this.#options;
    for (const owner of mayHandOver(ledger, self, mutants)) {
      if (this.#done.has(owner)) continue;
      // In one turn, so that nobody has anything else by the time that it is let go.
      const taker = memberOf(ledger, owner)!.movingTo!;
      const estate = this.#released.has(owner) ? null : estateFor(taker, owner, ledger, self, this.#options);
      if (!mutants.has('M10') && !this.#released.has(owner)) letGoOf(owner);
      this.#released.add(owner);
      const [outcome] = await Promise.all([records.release(owner), this.#write(owner, self, estate)]);
      if (outcome === 'fenced') return;
      recovery.release(owner);
      this.#done.add(owner);
    }
  }

  /** Where that fails the clients reclaim. */
  async #write(owner: NodeId, { node }: Self, estate: string | null): Promise<void> {
    if (estate === null) return;
    await this.#options.estates?.board.write(owner, node, estate).catch(() => {});
  }
}
