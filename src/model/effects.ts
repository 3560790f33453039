/** What several steps do to the state that they lead to: the ledger written, a process ended, clients left alone. */
import type { Cluster } from './cluster.ts';
import { COMPLETED, COMPLETED_IN_GRACE, FORFEIT, HELD, LATE, ON, UNCOMPLETED, WANTS } from './world.ts';

/** A swap that happened: everybody but its author is behind now. `author` -1: nobody on these nodes. */
export function write(cluster: Cluster, next: Uint8Array, author: number, after: number): void {
  const { at, shapes, bounds } = cluster;
  const before = shapes.get(at.ledger(next));
  const shape = shapes.get(after);
  at.setLedger(next, after);
  for (let n = 0; n < bounds.nodes; n++) {
    if (at.phase(next, n) !== ON) continue;
    at.setStale(next, n, n !== author);
    if (n === author) at.setKnown(next, n, after);
  }
  if (before.recoveryEpoch !== 0 && shape.recoveryEpoch === 0) lifted(cluster, next);
  // Records of epochs that no rule looks at any more are deleted; that they linger makes no difference.
  if (!cluster.hasMutant('D6')) at.forgetEpochsBefore(next, shape.recoveryEpoch || shape.epoch);
}

/** Whoever has not reclaimed by now has had its chance; who completed meanwhile is recorded for the next grace. */
function lifted({ at, bounds }: Cluster, next: Uint8Array): void {
  for (let c = 0; c < bounds.clients; c++) {
    const belief = at.belief(next, c);
    if (belief === WANTS || belief === LATE) at.setBelief(next, c, FORFEIT);
    if (at.completion(next, c) === COMPLETED_IN_GRACE) at.setCompletion(next, c, COMPLETED);
  }
}

/** The node ended its reclaims while grace runs on: whoever had not come yet is late. */
export function finished(cluster: Cluster, next: Uint8Array, n: number): void {
  const { at } = cluster;
  for (const c of cluster.clientsOf(n)) if (at.belief(next, c) === WANTS) at.setBelief(next, c, LATE);
}

/**
 * What follows for a node from the ledger that it has come to know: a life that is over for the cluster ends its
 * process, and so does a suspect once it has said that it stopped.
 */
export function obey(cluster: Cluster, next: Uint8Array, n: number): void {
  const { at, shapes } = cluster;
  const known = at.known(next, n);
  const place = shapes.standing(known, n, at.incarnation(next, n));
  const shape = shapes.get(known);
  if (place === 'fenced' && !cluster.hasMutant('D8')) die(cluster, next, n);
  else if (place === 'suspect' && cluster.acknowledged(known, n)) die(cluster, next, n);
  else if (shape.recoveryEpoch === 0 && cluster.missing(next, n).length === 0) at.setAlarmed(next, n, false);
}

/** The process ends: its beacon goes out at once and its lock some time later; its clients want their locks back. */
export function die(cluster: Cluster, next: Uint8Array, n: number): void {
  const { at } = cluster;
  loseClients(cluster, next, n);
  at.clearNode(next, n);
  if (!cluster.hasMutant('D16')) at.setBeacon(next, n, 0);
}

/** The node serves its clients no more: what they held is to be reclaimed, by those who are owed a chance to. */
export function loseClients(cluster: Cluster, next: Uint8Array, n: number): void {
  const { at } = cluster;
  for (const c of cluster.clientsOf(n)) {
    if (at.belief(next, c) === HELD)
      at.setBelief(next, c, isOwedAChance(cluster, next, n, c) ? WANTS : FORFEIT);
    at.setCompletion(next, c, UNCOMPLETED);
  }
}

/**
 * Whoever had completed before this grace, in a life that the cluster still counted with, is owed a chance to
 * reclaim, and so is whoever still had one when its node died. A client that reclaimed, and let the deadline pass
 * without completing, is not (row 19).
 */
function isOwedAChance(cluster: Cluster, w: Uint8Array, n: number, c: number): boolean {
  const { at, shapes } = cluster;
  const { recordedBy } = shapes.get(at.ledger(w));
  if (at.completion(w, c) === COMPLETED && recordedBy[n] === at.incarnation(w, n)) return true;
  return cluster.isRecorded(w, n, c);
}
