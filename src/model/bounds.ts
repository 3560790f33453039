import type { Mutants } from '../core/mutants.ts';

/** How large a cluster is explored, and how often each kind of fault may happen in one history. */
export interface ModelBounds {
  /** 1 to 4. */
  readonly nodes: number;
  /** 1 to 4; client i comes by the service address of node i. All of them want the same lock. */
  readonly clients: number;
  /** A node's process dies. */
  readonly crashes: number;
  /** A node dies and never returns. */
  readonly losses: number;
  /** A node's process lives on, keeps its beacon and its locks, and does nothing for ever. */
  readonly hangs: number;
  /** A live member takes a dead one's clients and address over. */
  readonly heirs: number;
  /** The fencer ends a life that holds grace up, and is neither suspected nor hung: those are always fenced. */
  readonly fences: number;
  /** The filesystem drops a live node's beacon, and then its locks (D19). */
  readonly drops: number;
  /** A swap happens, and its sender is not told. */
  readonly unknowns: number;
  /** A node is asked to stop as planned. */
  readonly stops: number;
  /** An operator moves a service address, with its clients, from one live node to another; back to its owner, that is a failback. */
  readonly moves: number;
  /** What an operator moves is the filesystem: addresses stay, and clients are told where to go (rows 29 and 30). */
  readonly filesystems: boolean;
  /** An operator admits or retires a member. */
  readonly memberships: number;
  /** An operator declares a node dead, or gives up on the claims of a dead one. */
  readonly repairs: number;
  /** A client's lease runs out while its node lives. */
  readonly expiries: number;
  /** What the domain declares; the model's filesystem keeps to it unless `drops` says otherwise. */
  readonly beaconProvesDeath: boolean;
  /** An operator's word is taken for a death that nothing shows: what `gracelab ledger` refuses. For tests. */
  readonly trustsOperators: boolean;
  readonly mutants: Mutants;
}

/** The bounds that count something. */
export type BoundCount = Exclude<
  keyof ModelBounds,
  'filesystems' | 'beaconProvesDeath' | 'trustsOperators' | 'mutants'
>;

/** What may happen only so often, each counted in a state under its place in this list. */
export const COUNTED_FAULTS = [
  'crashes',
  'losses',
  'hangs',
  'heirs',
  'fences',
  'drops',
  'unknowns',
  'stops',
  'moves',
  'memberships',
  'repairs',
  'expiries',
] as const satisfies readonly BoundCount[];

export type CountedFault = (typeof COUNTED_FAULTS)[number];
