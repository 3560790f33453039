import type { Incarnation } from './ids.ts';

/** Incarnations per node before slots would overlap: more reboots than a machine has minutes. */
const INCARNATIONS = 2n ** 31n;
/** Nodes per domain: with that many, the largest offset stays below the kernel's 2^63. */
export const MAX_BEACON_INDEX = 2 ** 31 - 1;

/**
 * The byte of the beacon file that one life of one node locks (docs/protocol.md). Every life has its own byte,
 * so a fast reboot can never pass for the life before it.
 *
 * @param index the node's number in its domain, fixed at admission, 0 to {@link MAX_BEACON_INDEX}
 * @throws RangeError outside those bounds
 */
export function beaconSlot(index: number, incarnation: Incarnation): bigint {
  if (!Number.isInteger(index) || index < 0 || index > MAX_BEACON_INDEX)
    throw new RangeError(`beacon index ${index} is out of range`);
  if (incarnation < 1 || BigInt(incarnation) >= INCARNATIONS)
    throw new RangeError(`incarnation ${incarnation} has no beacon`);
  return BigInt(index) * INCARNATIONS + BigInt(incarnation);
}
