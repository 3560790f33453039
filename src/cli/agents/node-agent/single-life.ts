/**
 * Two processes of one node must never overlap (C14). The beacon shows that on any filesystem whose locks stay with a living
 * process; where the filesystem may drop them (docs/protocol.md, D19), a cut-off life would look like none. So a life also
 * holds a lock in the node's own stable storage, which no other machine can take away.
 */
import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { Beacon } from '../../../server/filesystem/beacon.ts';

const PATIENCE_MS = 5_000;
const RETRY_MS = 10;
const LIFE = 0n;

/** @throws Error one sentence, when another process goes on being this node; and BeaconError */
export async function beTheOnlyLife(node: string, stableDir: string, clock: Clock): Promise<void> {
  const life = Beacon.open(join(stableDir, `life-of-${node}`));
  for (const giveUpMs = clock.nowMs() + PATIENCE_MS; !life.light(LIFE); ) {
    if (clock.nowMs() >= giveUpMs) throw new Error(`Another process is ${node} already: stop it first.`);
    await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
  }
}
