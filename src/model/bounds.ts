import type { Mutants } from '../core/mutants.ts';

/** How large a cluster is explored, and how often each kind of fault may happen in one history. */
export interface ModelBounds {
  /** 1 to 4. */
  readonly nodes: number;
  /** 1 to 4; client i is served by node i, counted round. All of them want the same lock. */
  readonly clients: number;
  /** A node's process dies. */
  readonly crashes: number;
  /** A node dies and never returns. */
  readonly losses: number;
  /** The filesystem drops a live node's beacon, and then its locks (D19). */
  readonly drops: number;
  /** A swap happens, and its sender is not told. */
  readonly unknowns: number;
  /** A node is asked to stop as planned. */
  readonly stops: number;
  /** An operator admits or retires a member. */
  readonly memberships: number;
  /** A client's lease runs out while its node lives. */
  readonly expiries: number;
  /** What the domain declares; the model's filesystem keeps to it unless `drops` says otherwise. */
  readonly beaconProvesDeath: boolean;
  readonly mutants: Mutants;
}
