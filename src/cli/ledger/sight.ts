/** What an operator sees of one lock domain at one moment: plain data, which also goes over a lab's control socket. */
import type { ClientRecord } from '../../core/client-record.ts';
import { asNodeId, type Epoch, type NodeId } from '../../core/ids.ts';
import { barrierReached, inGrace, type Ledger, memberOf, nodesOf } from '../../core/ledger.ts';
import { entitles, isBy, recorderOf } from '../../core/record-transitions.ts';
import type { StoreSpec } from '../../store/open.ts';

/** `unknown`: it cannot be looked at from here, or it does not answer. */
export type BeaconLook = 'lit' | 'out' | 'unknown';

/** Who could make sure here that a life is over: the lab that holds the containers, or a command of the operator's. */
export type FencerKind = 'lab' | 'command';

export interface RecordedClients {
  readonly epoch: Epoch;
  readonly node: NodeId;
  readonly clients: readonly ClientRecord[];
  /** One sentence when they cannot be read (row 20); `clients` is empty then. */
  readonly unreadable: string | null;
}

export interface LedgerSight {
  /** Null where nothing tells domains apart. */
  readonly domain: string | null;
  readonly store: StoreSpec;
  readonly revision: number;
  readonly ledger: Ledger;
  /** Of every member, in the epochs that the ledger names. */
  readonly records: readonly RecordedClients[];
  /** Of each member's life in the ledger; none for a member that never booted. */
  readonly beacons: Readonly<Record<string, BeaconLook>>;
  readonly fencer: FencerKind | null;
}

/** As a person names the store on the command line. */
export const storeText = (store: StoreSpec): string =>
  store.kind === 'sqlite' ? `sqlite:${store.path}` : `etcd:${store.endpoints.join(',')} ${store.prefix}`;

export const recordsOf = (sight: LedgerSight, epoch: Epoch, node: NodeId): RecordedClients | null =>
  sight.records.find((each) => each.epoch === epoch && each.node === node) ?? null;

/**
 * Recorded clients that come by the address of `node` and may reclaim in the grace of `ledger`, by what is recorded (I4): written by the life
 * that served it at the last lift, and not revoked since.
 */
export function entitledClients(sight: LedgerSight, ledger: Ledger, node: NodeId): readonly ClientRecord[] {
  if (memberOf(ledger, node) === undefined || ledger.recoveryEpoch === null) return [];
  const recorded = recordsOf(sight, ledger.recoveryEpoch, node)?.clients ?? [];
  return recorded.filter((record) => entitles(record) && isBy(record, node, recorderOf(ledger, node)));
}

/** Members whose claims are open: while there is one, grace does not end. */
export const openClaimants = (ledger: Ledger): NodeId[] =>
  nodesOf(ledger).filter((node) => ledger.members[node]!.claims === 'open');

export const phaseOf = (ledger: Ledger): 'quiet' | 'before the barrier' | 'past the barrier' => {
  if (!inGrace(ledger)) return 'quiet';
  return barrierReached(ledger) ? 'past the barrier' : 'before the barrier';
};

export const beaconOf = (sight: LedgerSight, node: string): BeaconLook =>
  Object.hasOwn(sight.beacons, asNodeId(node)) ? sight.beacons[node]! : 'unknown';
