/**
 * Two processes of one node must never overlap (C14). The beacon shows that on any filesystem whose locks stay with a living
 * process; where the filesystem may drop them (docs/protocol.md, D19), a cut-off life would look like none. So a life also
 * holds a lock in the node's own stable storage, which no other machine can take away. A storage that cannot be written is waited for
 * (I7): a life that cannot show itself to be the only one must not begin.
 */
import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { Beacon, BeaconError } from '../../../server/filesystem/beacon.ts';
import type { LockCalls } from '../../../server/filesystem/record-locks.ts';

const PATIENCE_MS = 5_000;
const RETRY_MS = 10;
const STORAGE_RETRY_MS = 100;
const LIFE = 0n;

/**
 * @param onWaiting what the boot waits for, in half a sentence; null when it waits no more
 * @throws Error one sentence, when another process goes on being this node; and BeaconError when it has the storage and gets no lock
 */
export async function beTheOnlyLife(
  node: string,
  stableDir: string,
  clock: Clock,
  calls: LockCalls,
  onWaiting: (problem: string | null) => void,
): Promise<void> {
  const life = await openPatiently(join(stableDir, `life-of-${node}`), clock, calls, onWaiting);
  for (const giveUpMs = clock.nowMs() + PATIENCE_MS; !life.light(LIFE); ) {
    if (clock.nowMs() >= giveUpMs) throw new Error(`Another process is ${node} already: stop it first.`);
    await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
  }
}

async function openPatiently(
  path: string,
  clock: Clock,
  calls: LockCalls,
  onWaiting: (problem: string | null) => void,
): Promise<Beacon> {
  for (let waits = false; ; waits = true) {
    try {
      const life = Beacon.open(path, { calls });
      if (waits) onWaiting(null);
      return life;
    } catch (error) {
      if (!(error instanceof BeaconError)) throw error;
      onWaiting(`its own storage cannot be used (${error.message})`);
      await new Promise<void>((resolve) => void clock.after(STORAGE_RETRY_MS, resolve));
    }
  }
}
