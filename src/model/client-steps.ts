/** A client of a node that serves: it completes its reclaim, locks and unlocks, or lets its lease run out. */
import { type Cluster, clientName } from './cluster.ts';
import { take } from './grant-steps.ts';
import { reclaim } from './reclaim-steps.ts';
import type { Emit } from './step.ts';
import {
  COMPLETED,
  COMPLETED_IN_GRACE,
  EXPIRIES,
  FORFEIT,
  HELD,
  LATE,
  NONE,
  ON,
  UNCOMPLETED,
  WANTS,
} from './world.ts';

export function clientSteps(cluster: Cluster, w: Uint8Array, c: number, emit: Emit): void {
  const { at } = cluster;
  const home = cluster.homeOf(c);
  if (at.phase(w, home) !== ON || at.released(w, home) || at.pending(w, home) >= 0) return;
  const belief = at.belief(w, c);
  if (belief === HELD) unlock(cluster, w, c, home, emit);
  if (at.completion(w, c) !== UNCOMPLETED) {
    if (belief === NONE) take(cluster, w, home, c, emit);
    expire(cluster, w, c, home, emit);
    return;
  }
  if (cluster.hasMutant('D9')) recordAtConfirmation(cluster, w, c, home, emit);
  if (belief === WANTS || belief === LATE || belief === FORFEIT) reclaim(cluster, w, c, home, emit);
  else complete(cluster, w, c, home, emit);
}

function unlock(cluster: Cluster, w: Uint8Array, c: number, home: number, emit: Emit): void {
  const { at } = cluster;
  const next = w.slice();
  at.setBelief(next, c, NONE);
  if (cluster.hasLock(w, home)) at.freeLock(next);
  emit(() => `${clientName(c)} unlocks`, next, null, false);
}

function complete(cluster: Cluster, w: Uint8Array, c: number, home: number, emit: Emit): void {
  const { at, shapes } = cluster;
  if (!cluster.mayWrite(w, home)) return;
  const next = w.slice();
  at.setRecordedBy(next, shapes.get(at.known(w, home)).epoch, c, at.incarnation(w, home));
  const inGrace = shapes.get(at.ledger(w)).recoveryEpoch !== 0;
  at.setCompletion(next, c, inGrace ? COMPLETED_IN_GRACE : COMPLETED);
  emit(() => `${clientName(c)} completes its reclaim at ${cluster.name(home)}`, next, null, false);
}

/** Mutant D9: the record comes before RECLAIM_COMPLETE. */
function recordAtConfirmation(cluster: Cluster, w: Uint8Array, c: number, home: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const { epoch } = shapes.get(at.known(w, home));
  if (at.recordedBy(w, epoch, c) !== 0 || !cluster.mayWrite(w, home)) return;
  const next = w.slice();
  at.setRecordedBy(next, epoch, c, at.incarnation(w, home));
  const label = () => `${clientName(c)} confirms its client id at ${cluster.name(home)}, which records it`;
  emit(label, next, null, false);
}

function expire(cluster: Cluster, w: Uint8Array, c: number, home: number, emit: Emit): void {
  if (!cluster.mayFault(w, EXPIRIES) || !cluster.mayWrite(w, home)) return;
  const { at, shapes } = cluster;
  const next = w.slice();
  const { epoch, recoveryEpoch } = shapes.get(at.known(w, home));
  at.setRecordedBy(next, epoch, c, 0);
  if (recoveryEpoch !== 0) at.setRecordedBy(next, recoveryEpoch, c, 0);
  at.setCompletion(next, c, UNCOMPLETED);
  if (at.belief(w, c) === HELD && at.lockNode(w) === home) at.freeLock(next);
  at.setBelief(next, c, NONE);
  at.spend(next, EXPIRIES);
  emit(() => `the lease of ${clientName(c)} expires`, next, null, true);
}
