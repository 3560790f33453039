/** The parts of one lock domain on one node: its filesystem, its beacon, its store, and the coordinator over them. */
import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { asNodeId } from '../../../core/ids.ts';
import type { HistoryEvent, NodeEvent } from '../../../history/events.ts';
import type { AddressCarrier, CoordinatorOptions } from '../../../server/coordinator/options.ts';
import { isStoreError } from '../../../server/coordinator/store-errors.ts';
import type { EstateDesk } from '../../../server/coordinator/take-overs.ts';
import { Coordinator } from '../../../server/coordinator.ts';
import type { LockDomain } from '../../../server/domains.ts';
import type { EstateBoard } from '../../../server/estates/estate.ts';
import { Beacon } from '../../../server/filesystem/beacon.ts';
import { type LockableFiles, RangeLocks } from '../../../server/filesystem/range-locks.ts';
import type { LockCalls } from '../../../server/filesystem/record-locks.ts';
import type { Filesystem } from '../../../server/filesystem/types.ts';
import { type MarkBoard, RecordLockBoard } from '../../../server/marks/board.ts';
import type { Steps } from '../../../server/named-steps.ts';
import { CountedStore, type StoreUse } from '../../../store/counted.ts';
import type { StoreSpec } from '../../../store/open.ts';
import { type DomainStore, StoreUnavailableError } from '../../../store/store.ts';
import { CONTROL_FILES } from '../control-directory.ts';
import type { Conversation } from '../conversation.ts';
import type { DomainConfiguration, NodeConfiguration } from './configuration.ts';
import { labFencer } from './lab-fencer.ts';

const NS_PER_MS = 1e6;
const STORE_RETRY_MS = 100;

/** What a node event says beside time, node and incarnation. */
export type NodeEventBody = Omit<NodeEvent, 't' | 'kind' | 'node' | 'incarnation'>;

export interface ServedDomain {
  readonly name: string;
  readonly filesystem: Filesystem;
  readonly locks: RangeLocks;
  readonly coordination: Coordinator;
  readonly marks: MarkBoard;
  readonly handleKey: Buffer;
  /** How this life has used its store so far. */
  storeUse(): StoreUse;
  /** No other node is in it, nor ever will be while this life lasts. */
  readonly alone: boolean;
  /** The same domain as local programs have it: what they hold is told from what NFS clients hold by descriptions of its own. */
  forGate(): LockDomain;
}

/** What a lock domain needs of the machine that its node lives on. */
export interface DomainMachine {
  readonly random: (bytes: number) => Buffer;
  readonly locks: LockCalls;
  /** @param control the control directory of the domain @throws Error one sentence */
  readonly handleKey: (control: string) => Buffer;
  /** @param control the control directory of the domain */
  readonly openEstates: (control: string) => EstateBoard;
  readonly openFilesystem: (exportDir: string, handleKey: Buffer) => Filesystem & LockableFiles;
  readonly openStore: (spec: StoreSpec, clock: Clock) => Promise<DomainStore>;
}

export interface DomainSurroundings {
  readonly configuration: NodeConfiguration;
  readonly conversation: Conversation;
  readonly machine: DomainMachine;
  readonly clock: Clock;
  /** Nanoseconds since the history's origin. */
  readonly stamp: () => number;
  readonly addresses: AddressCarrier;
  readonly letGoOf: NonNullable<CoordinatorOptions['letGoOf']>;
  readonly holders: NonNullable<CoordinatorOptions['holders']>;
  readonly takesOver: Omit<EstateDesk, 'board'>;
  readonly steps: Steps;
  readonly onWaiting: (problem: string) => void;
  /** The life in this domain is over, and with it the node's: one sentence. */
  readonly onFenced: (sentence: string) => void;
}

/**
 * Boots the node in this domain.
 * @param opened the domain's store, from {@link openPatiently}
 * @throws BootRefusedError and the store's errors, each with one sentence
 */
export async function bootDomain(
  domain: DomainConfiguration,
  opened: DomainStore,
  surroundings: DomainSurroundings,
): Promise<ServedDomain> {
  const {
    configuration,
    conversation,
    machine,
    clock,
    stamp,
    addresses,
    letGoOf,
    holders,
    takesOver,
    steps,
    onWaiting,
    onFenced,
  } = surroundings;
  const { node, leaseMs, graceMs, beaconPollMs, failoverMs, fenceAfterMs, storePatienceMs } = configuration;
  const { clockAheadMs } = configuration;
  const label = configuration.namedDomains ? { domain: domain.name } : {};
  let incarnation = 0;
  const say = (event: HistoryEvent) => conversation.send({ event });
  const control = join(domain.directory, '.gracelab');
  const mutants = new Set(configuration.mutants);
  const key = machine.handleKey(control);
  const store = new CountedStore(opened);
  const coordination = await Coordinator.boot({
    node: asNodeId(node),
    foundingMembers: domain.members.map(asNodeId),
    beaconProvesDeath: domain.beaconProvesDeath || mutants.has('D19'),
    store,
    beacon: Beacon.open(join(control, CONTROL_FILES.beacon), {
      ownership: mutants.has('D16') ? 'description' : 'process',
      calls: machine.locks,
    }),
    clock,
    leaseMs,
    graceMs,
    ...(beaconPollMs !== undefined && { beaconPollMs }),
    failoverMs,
    addresses,
    moves: configuration.namedDomains ? 'filesystem' : 'address',
    letGoOf,
    holders,
    estates: { ...takesOver, board: machine.openEstates(control) },
    // Clients that have gone after a filesystem stay where it is, so that nothing is won by taking it back unasked.
    failbackMs: configuration.namedDomains ? null : configuration.failbackMs,
    fencer: labFencer(conversation, clock, configuration.namedDomains ? domain.name : null),
    fenceAfterMs,
    storePatienceMs,
    mutants,
    steps,
    observe: (event) => say({ t: stamp(), ...event, ...label, kind: 'node', node, incarnation }),
    observeSwap: (command, { ledger, revision }, life, sentAtMs) => {
      incarnation = life;
      const sentAt = Math.floor((sentAtMs - clockAheadMs) * NS_PER_MS);
      say({ t: stamp(), kind: 'ledger', sentAt, node, incarnation, command, ledger, revision, ...label });
    },
    onBootWaiting: onWaiting,
    onFenced,
  });
  // Also where the boot's swap was done without this node being told.
  incarnation = coordination.incarnation;
  const filesystem = machine.openFilesystem(join(domain.directory, 'export'), key);
  const marksDirectory = mutants.has('M12') ? `${CONTROL_FILES.marks}-${node}` : CONTROL_FILES.marks;
  const shared = () => ({
    name: domain.name,
    filesystem,
    locks: new RangeLocks(filesystem, machine.locks, mutants),
    marks: new RecordLockBoard(join(control, marksDirectory), machine.locks),
    coordination,
  });
  return {
    ...shared(),
    forGate: shared,
    handleKey: key,
    storeUse: () => store.use,
    // The ledger knows of members that came later than the configuration.
    alone: domain.members.length === 1 && !domain.grows && coordination.status().ledger.nextBeaconIndex === 1,
  };
}

async function openAnswering(
  spec: StoreSpec,
  clock: Clock,
  open: DomainMachine['openStore'],
): Promise<DomainStore> {
  const opened = await open(spec, clock);
  try {
    await opened.read();
    return opened;
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

/** A ledger that does not answer, or is damaged, may come back; until then this node is not up, and nobody waits for it. */
export async function openPatiently(
  { store }: DomainConfiguration,
  clock: Clock,
  onWaiting: (problem: string) => void,
  open: DomainMachine['openStore'],
): Promise<DomainStore> {
  for (;;) {
    try {
      return await openAnswering(store, clock, open);
    } catch (error) {
      if (!isStoreError(error)) throw error;
      const problem = error instanceof StoreUnavailableError ? 'does not answer' : 'cannot be read';
      onWaiting(`the ledger ${problem} (${error.message.replace(/\.$/, '')})`);
      await new Promise<void>((resolve) => void clock.after(STORE_RETRY_MS, resolve));
    }
  }
}
