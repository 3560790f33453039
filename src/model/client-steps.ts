/** A client of a node that answers: it completes its reclaim, locks and unlocks, or lets its lease run out. */
import { type Cluster, clientName } from './cluster.ts';
import { believeNothing, record } from './effects.ts';
import { arrive, completeFirst, sendOn, stray } from './filesystem-steps.ts';
import { take } from './grant-steps.ts';
import { reclaim } from './reclaim-steps.ts';
import type { Emit } from './step.ts';
import {
  COMPLETED,
  COMPLETED_IN_GRACE,
  FORFEIT,
  HELD,
  LATE,
  lifeOf,
  NONE,
  NOWHERE,
  UNCOMPLETED,
  WANTS,
} from './world.ts';

export function clientSteps(cluster: Cluster, w: Uint8Array, c: number, emit: Emit): void {
  const { at } = cluster;
  const n = cluster.answersTo(w, c);
  if (n < 0) return;
  const belief = at.belief(w, c);
  const lacks = belief === WANTS || belief === LATE || belief === FORFEIT;
  if (cluster.bounds.filesystems) {
    if (lacks) stray(cluster, w, c, emit);
    if (sendOn(cluster, w, c, n, emit)) return;
    if (!lacks) arrive(cluster, w, c, n, emit);
  }
  if (belief === HELD) unlock(cluster, w, c, n, emit);
  if (at.home(w, c) === n) expire(cluster, w, c, n, emit);
  if (at.completion(w, c) !== UNCOMPLETED) {
    if (belief === NONE) take(cluster, w, n, c, emit);
    if (lacks) reclaim(cluster, w, c, n, emit);
    return;
  }
  if (cluster.hasMutant('D9')) recordAtConfirmation(cluster, w, c, n, emit);
  if (lacks) {
    reclaim(cluster, w, c, n, emit);
    completeFirst(cluster, w, c, n, emit);
  } else complete(cluster, w, c, n, emit);
}

function unlock(cluster: Cluster, w: Uint8Array, c: number, n: number, emit: Emit): void {
  const next = w.slice();
  believeNothing(cluster, next, c);
  if (cluster.hasLock(w, n)) cluster.at.freeLock(next);
  emit(() => `${clientName(c)} unlocks`, next, null, false);
}

function complete(cluster: Cluster, w: Uint8Array, c: number, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  if (!cluster.mayRecord(w, n)) return;
  const next = w.slice();
  const written = shapes.get(at.known(w, n)).epoch;
  const service = cluster.service(n, c);
  record(cluster, next, written, service, c, lifeOf(n, at.incarnation(w, n)));
  at.setHome(next, c, n);
  const { epoch, recoveryEpoch } = shapes.get(at.ledger(w));
  // What a node that has not heard of the grace writes is in the epoch that may be reclaimed from now on.
  const counts = written === (recoveryEpoch || epoch);
  at.setCompletion(next, c, counts ? COMPLETED : COMPLETED_IN_GRACE);
  if (counts) at.setClaimant(next, c, service);
  emit(() => `${clientName(c)} completes its reclaim at ${cluster.name(n)}`, next, null, false);
}

/** Mutant D9: the record comes before RECLAIM_COMPLETE. */
function recordAtConfirmation(cluster: Cluster, w: Uint8Array, c: number, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const { epoch } = shapes.get(at.known(w, n));
  const service = cluster.service(n, c);
  if (cluster.recordedBy(w, epoch, service, c) !== 0 || !cluster.mayWrite(w, n)) return;
  const next = w.slice();
  record(cluster, next, epoch, service, c, lifeOf(n, at.incarnation(w, n)));
  const label = () => `${clientName(c)} confirms its client id at ${cluster.name(n)}, which records it`;
  emit(label, next, null, false);
}

/** First its records go, in both epochs; then what it holds. It believes in its lock until it is told (I5). */
function expire(cluster: Cluster, w: Uint8Array, c: number, n: number, emit: Emit): void {
  if (!cluster.mayFault(w, 'expiries') || !cluster.mayWrite(w, n)) return;
  const { at, shapes } = cluster;
  const next = w.slice();
  const { epoch, recoveryEpoch } = shapes.get(at.known(w, n));
  const service = cluster.service(n, c);
  record(cluster, next, epoch, service, c, 0);
  if (recoveryEpoch !== 0) record(cluster, next, recoveryEpoch, service, c, 0);
  at.setCompletion(next, c, UNCOMPLETED);
  at.setArrived(next, c, false);
  at.setHome(next, c, NOWHERE);
  // Claims that came here with a filesystem are not this node's to take; nobody else can have had the lock before they are closed.
  const came = cluster.bounds.filesystems && at.claimant(w, c) !== service;
  if (!came) at.setClaimant(next, c, NOWHERE);
  if (at.belief(w, c) === HELD) {
    at.setBelief(next, c, came && at.claimant(w, c) >= 0 ? LATE : FORFEIT);
    if (at.lockNode(w) === n) at.freeLock(next);
  }
  at.spend(next, 'expiries');
  emit(() => `the lease of ${clientName(c)} expires at ${cluster.name(n)}`, next, null, true);
}
