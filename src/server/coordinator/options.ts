import type { Clock } from '../../core/clock.ts';
import type { Fencer } from '../../core/fencer.ts';
import type { Incarnation, NodeId } from '../../core/ids.ts';
import type { Mutants } from '../../core/mutants.ts';
import type { NodeEvent } from '../../history/events.ts';
import type { DomainStore, StoredLedger } from '../../store/store.ts';
import type { BeaconLight } from '../boot.ts';
import type { ClientIdentity } from '../coordination.ts';
import type { Steps } from '../named-steps.ts';
import type { EstateDesk } from './take-overs.ts';

export type Observe = (event: Omit<NodeEvent, 't' | 'kind' | 'node' | 'incarnation'>) => void;

/** Raises and drops service addresses on the node's interface. */
export interface AddressCarrier {
  /**
   * The addresses of exactly these members lead here from now on, by the ledger. Called when that changes, and once after the
   * boot. Must return at once and not throw: what it takes to move an address happens behind it.
   */
  carry(owners: readonly NodeId[]): void;
  /** Resolves when all that was asked for so far is done. Left out: it is at once. */
  settled?(): Promise<void>;
}

export interface CoordinatorOptions {
  readonly node: NodeId;
  readonly foundingMembers: readonly NodeId[];
  /** docs/protocol.md: true where all nodes share one kernel. */
  readonly beaconProvesDeath: boolean;
  readonly store: DomainStore;
  readonly beacon: BeaconLight;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** How often peers' beacons are looked at when no grant does it, in milliseconds. Left out: often (peer-beacons.ts says why). */
  readonly beaconPollMs?: number;
  /**
   * A dead member whose clients nobody serves is taken over by the first in line after this many milliseconds past the barrier,
   * by the next after twice as many, and so on. Null: nobody takes over; the owner returns, or its claims are abandoned.
   */
  readonly failoverMs: number | null;
  readonly addresses: AddressCarrier;
  /**
   * What moves to another node as planned. Where a node serves this domain alone, its service address does, and its clients come there by that
   * as before (the default). Where it serves several, the filesystem of this one does: its address stays, and clients are told where
   * they find it (rows 29 and 30), so that they come there by the address of the node that serves it.
   */
  readonly moves?: 'address' | 'filesystem';
  /**
   * What came by the address of `owner` moves away as planned, and everybody refuses new state: all that clients have here who came by it
   * must be let go when this returns, and none of them may be answered any more. Left out: nothing ever moves.
   */
  readonly letGoOf?: (owner: NodeId) => void;
  /**
   * What an address takes along beside its clients' claims, so that these need not come for others to go on. Left out: all that they held is let
   * go, and they reclaim.
   */
  readonly estates?: EstateDesk;
  /**
   * Where filesystems move: the clients that have anything of this one here. The others are not waited for at the node that serves it next: nobody
   * would tell them to come there. Left out: all that are on record are.
   */
  readonly holders?: () => readonly ClientIdentity[];
  /**
   * A node whose own address is with another takes it back after so many milliseconds without grace. Null, or left out: when it is
   * told to.
   */
  readonly failbackMs?: number | null;
  /** Null: nobody is fenced, and a life that stops for ever without dying holds grace until a person sees to it. */
  readonly fencer: Fencer | null;
  /** A life that holds grace up for so many milliseconds is fenced by the first in line, after twice as many by the next. Null: never. */
  readonly fenceAfterMs: number | null;
  /** A life whose ledger has not answered for so many milliseconds gives up and ends (C9). */
  readonly storePatienceMs: number;
  readonly mutants: Mutants;
  /** Left out: nobody is told. */
  readonly steps?: Steps;
  readonly observe: Observe;
  /** A swap that succeeded; `sentAtMs` on the same clock. */
  readonly observeSwap: (
    command: string,
    swapped: StoredLedger,
    incarnation: Incarnation,
    sentAtMs: number,
  ) => void;
  /** The boot waits, as long as it takes; `problem` is half a sentence for a person. Called again when the problem is another one. */
  readonly onBootWaiting: (problem: string) => void;
  /** This life is over for the cluster: the process must end at once and boot anew. */
  readonly onFenced: (reason: string) => void;
}

/** The ledger is read anew at least this often, should a watch event be lost. */
export const HEARTBEAT_MS = 250;
