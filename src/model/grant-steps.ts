/**
 * A new lock, in the two halves that a crash may come between: taken in the filesystem, then granted if no
 * beacon is missing.
 */
import { type Cluster, clientName } from './cluster.ts';
import { grantViolation } from './invariants.ts';
import type { Emit } from './step.ts';
import { HELD } from './world.ts';

export function take(cluster: Cluster, w: Uint8Array, n: number, c: number, emit: Emit): void {
  const { at } = cluster;
  if (cluster.enforcing(w, n) || at.lockNode(w) >= 0 || cluster.grantedHere(w, n)) return;
  const next = w.slice();
  at.setLock(next, n, at.incarnation(w, n), c);
  at.setPending(next, n, c);
  emit(() => `${cluster.name(n)} takes the lock in the filesystem for ${clientName(c)}`, next, null, false);
}

export function confirm(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  const c = at.pending(w, n);
  const next = w.slice();
  at.setPending(next, n, -1);
  if (cluster.missing(w, n).length === 0 || cluster.hasMutant('D12')) {
    at.setBelief(next, c, HELD);
    const violation = grantViolation(cluster, w, n, c);
    emit(() => `${cluster.name(n)} grants the lock to ${clientName(c)}`, next, violation, false);
  } else {
    if (cluster.hasLock(w, n)) at.freeLock(next);
    at.setAlarmed(next, n, true);
    emit(() => `${cluster.name(n)} finds a beacon missing and gives the lock back`, next, null, false);
  }
}
