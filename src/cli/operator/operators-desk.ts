import { constants } from 'node:fs';
import { beaconSlot } from '../../core/beacon-slot.ts';
import type { Clock } from '../../core/clock.ts';
import type { Fencer } from '../../core/fencer.ts';
import type { Ledger } from '../../core/ledger.ts';
import type { Mutants } from '../../core/mutants.ts';
import { isByteLocked } from '../../server/filesystem/record-locks.ts';
import { AT_FDCWD, close, openat } from '../../server/filesystem/syscalls.ts';
import type { DomainStore, StoredLedger } from '../../store/store.ts';
import type { BeaconLook } from '../ledger/sight.ts';

/** What the repairs need of the outside. */
export interface OperatorsDesk {
  readonly store: DomainStore;
  readonly clock: Clock;
  /**
   * Is the beacon at this place lit? Null where it does not prove anything that it is not, or where it cannot be
   * looked at from here.
   */
  readonly beaconLit: (slot: bigint) => boolean | null;
  /** Makes sure that a life is over; null where there is none. */
  readonly fencer: Fencer | null;
  /** Only tests have any. */
  readonly mutants?: Mutants;
}

/** There is nothing to look at: one sentence. */
export class NoLedgerError extends Error {
  override readonly name = 'NoLedgerError';
}

/** @throws NoLedgerError, StoreUnavailableError, RecordsUnreadableError */
export async function readLedger({ store }: Pick<OperatorsDesk, 'store'>): Promise<StoredLedger> {
  const stored = await store.read();
  if (stored === null)
    throw new NoLedgerError(
      'this lock domain has no ledger yet; it gets one when the first of its nodes boots',
    );
  return stored;
}

/** Of the life that the ledger names. @param node a member */
export function lookAtBeacon(
  { beaconLit }: Pick<OperatorsDesk, 'beaconLit'>,
  ledger: Ledger,
  node: string,
): BeaconLook {
  const { beaconIndex, incarnation } = ledger.members[node as keyof typeof ledger.members]!;
  const lit = beaconLit(beaconSlot(beaconIndex, incarnation));
  if (lit === null) return 'unknown';
  return lit ? 'lit' : 'out';
}

/**
 * Asks the kernel who holds the byte, and takes nothing. By a lock of the open file description, of which this descriptor has none,
 * so that closing it drops nothing; and a beacon, which its process would lose by closing any descriptor of the file, is held by other
 * processes than this one.
 * @param beacon the path of the domain's beacon file
 * @returns null: it cannot be looked at
 */
export function isLit(beacon: string, slot: bigint): boolean | null {
  const fd = openat(AT_FDCWD, beacon, constants.O_RDONLY);
  if (fd < 0) return null;
  try {
    const status = isByteLocked(fd, 'description', slot);
    return status < 0 ? null : status === 1;
  } finally {
    close(fd);
  }
}
