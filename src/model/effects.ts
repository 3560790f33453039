/** What several steps do to the state that they lead to: the ledger written, a process ended, clients left alone. */
import type { Cluster } from './cluster.ts';
import {
  COMPLETED,
  COMPLETED_IN_GRACE,
  FORFEIT,
  HELD,
  LATE,
  NONE,
  NOWHERE,
  ON,
  UNCOMPLETED,
  WANTS,
} from './world.ts';

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
  for (let n = 0; n < bounds.nodes; n++) {
    if (shape.states[n] !== 'up' || shape.incarnations[n] !== before.incarnations[n])
      noticed(cluster, next, n);
    if (before.claimsOpen[n] && !shape.claimsOpen[n]) closed(cluster, next, n);
  }
  if (before.recoveryEpoch !== 0 && shape.recoveryEpoch === 0) lifted(cluster, next);
  forgetOldRecords(cluster, next);
}

/** A life writes the record of a client that comes by the address of `service` into an epoch, in the place of what any wrote before; 0 takes it away. Into one that is over nobody will ever look. */
export function record(
  { at, shapes }: Cluster,
  next: Uint8Array,
  epoch: number,
  service: number,
  c: number,
  life: number,
): void {
  const newest = shapes.get(at.ledger(next)).epoch;
  if (epoch <= newest && epoch > newest - at.epochs) at.setRecordedBy(next, epoch, service, c, life);
}

/** Records of epochs that no rule looks at any more are deleted; that they linger makes no difference, but to mutant D6. */
function forgetOldRecords(cluster: Cluster, next: Uint8Array): void {
  const { at, shapes } = cluster;
  if (cluster.hasMutant('D6')) return;
  const { epoch, recoveryEpoch } = shapes.get(at.ledger(next));
  for (let old = epoch - at.epochs + 1; old < (recoveryEpoch || epoch); old++)
    if (old > 0) at.forgetEpoch(next, old);
}

/** The claims of node n were ended while a client of theirs had not come yet: it is late. */
function closed({ at, bounds }: Cluster, next: Uint8Array, n: number): void {
  for (let c = 0; c < bounds.clients; c++)
    if (at.claimant(next, c) === n && at.belief(next, c) === WANTS) at.setBelief(next, c, LATE);
}

/** The cluster knows that the life is over at which clients were left behind: they are among no claims of the next grace. */
function noticed({ at, bounds }: Cluster, next: Uint8Array, n: number): void {
  for (let c = 0; c < bounds.clients; c++)
    if (at.leftBehindAt(next, c) === n) at.setLeftBehindAt(next, c, NOWHERE);
}

/** Whoever has not reclaimed by now has had its chance; who completed meanwhile is recorded for the next grace. */
function lifted(cluster: Cluster, next: Uint8Array): void {
  const { at, shapes, bounds } = cluster;
  const { states, incarnations } = shapes.get(at.ledger(next));
  for (let c = 0; c < bounds.clients; c++) {
    const belief = at.belief(next, c);
    const leftBehindAt = at.leftBehindAt(next, c);
    if (leftBehindAt >= 0) {
      at.setBelief(next, c, WANTS);
      at.setClaimant(next, c, cluster.service(leftBehindAt, c));
      at.setLeftBehindAt(next, c, NOWHERE);
      continue;
    }
    if (belief === WANTS || belief === LATE) at.setBelief(next, c, FORFEIT);
    if (at.completion(next, c) === COMPLETED_IN_GRACE) at.setCompletion(next, c, COMPLETED);
    const home = at.home(next, c);
    // Of a life that the cluster has given up nothing is kept.
    const lives = home >= 0 && states[home] === 'up' && incarnations[home] === at.incarnation(next, home);
    const counts = lives && at.completion(next, c) === COMPLETED && !goesOn(cluster, next, c);
    at.setClaimant(next, c, counts ? cluster.service(home, c) : NOWHERE);
    at.setArrived(next, c, false);
  }
}

/** Where filesystems move: its home has handed its clients over, known to it or not; or what it believes in is not its home's, and too late to be that. */
function goesOn({ at, shapes, bounds }: Cluster, next: Uint8Array, c: number): boolean {
  if (!bounds.filesystems) return false;
  const home = at.home(next, c);
  return shapes.get(at.ledger(next)).carriers[home] !== home || at.belief(next, c) === FORFEIT;
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
  else if (cluster.bounds.filesystems) handedOn(cluster, next, n);
  else calledOff(cluster, next, n);
  if (at.phase(next, n) !== ON) return;
  if (shape.recoveryEpoch === 0 && cluster.missing(next, n).length === 0) at.setAlarmed(next, n, false);
}

/** Nothing came of a planned move, or the address came back: the node serves its clients again. */
function calledOff({ at, shapes, bounds }: Cluster, next: Uint8Array, n: number): void {
  const { carriers, movingTo } = shapes.get(at.known(next, n));
  for (let c = 0; c < bounds.clients; c++)
    if (at.handedOn(next, n, c) && carriers[c] === n && movingTo[c]! < 0) at.setHandedOn(next, n, c, false);
}

/**
 * A filesystem that this node has handed on, as it learns now: what its clients hold goes in the same turn, and is theirs to reclaim
 * where they are sent. Or nothing came of it: what was taken back of their records is to be written anew.
 */
function handedOn(cluster: Cluster, next: Uint8Array, n: number): void {
  const { at, bounds, shapes } = cluster;
  const staysHere = cluster.isHere(next, n);
  if (staysHere && shapes.get(at.known(next, n)).movingTo[n]! >= 0) return;
  if (staysHere && at.withdrawn(next, n) && !cluster.hasMutant('M20')) at.setRecordedIn(next, n, 0);
  at.setWithdrawn(next, n, false);
  if (staysHere) return;
  for (let c = 0; c < bounds.clients; c++) {
    if (at.home(next, c) !== n) continue;
    if (cluster.hasMutant('M10')) at.setCompletion(next, c, UNCOMPLETED);
    else loseClient(cluster, next, c, NOWHERE);
  }
  if (cluster.hasLock(next, n) && !cluster.hasMutant('M10')) at.freeLock(next);
}

/** The process ends: its beacon goes out at once and its lock some time later; its clients want their locks back. */
export function die(cluster: Cluster, next: Uint8Array, n: number): void {
  const { at } = cluster;
  loseClients(cluster, next, n);
  at.clearNode(next, n);
  if (!cluster.hasMutant('D16')) at.setBeacon(next, n, 0);
}

/**
 * The node serves its clients no more: what they held is to be reclaimed, by those who are owed a chance to. Whether the
 * records say so is for the product to see to.
 */
export function loseClients(cluster: Cluster, next: Uint8Array, n: number): void {
  const { at, shapes } = cluster;
  const { recoveryEpoch, states, incarnations, carriers } = shapes.get(at.ledger(next));
  const lives = states[n] === 'up' && incarnations[n] === at.incarnation(next, n);
  // Its death opens no claims of whom it has handed over.
  const unnoticed = recoveryEpoch !== 0 && lives && (!cluster.bounds.filesystems || carriers[n] === n);
  for (let c = 0; c < cluster.bounds.clients; c++)
    if (at.home(next, c) === n) loseClient(cluster, next, c, unnoticed ? n : NOWHERE);
}

/** @param unnoticedAt the node whose life is over without the ledger knowing it yet; {@link NOWHERE}: it is no such thing */
export function loseClient(cluster: Cluster, next: Uint8Array, c: number, unnoticedAt: number): void {
  const { at } = cluster;
  if (at.belief(next, c) === HELD) {
    at.setBelief(next, c, owed(cluster, next, c));
    if (unnoticedAt >= 0 && at.completion(next, c) !== UNCOMPLETED) at.setLeftBehindAt(next, c, unnoticedAt);
  }
  // Not covered (docs/model.md): it completed there before it had heard that it was too late with what it had elsewhere.
  const missed = at.belief(next, c) === LATE || at.belief(next, c) === FORFEIT;
  if (at.sentHere(next, c) && missed && at.completion(next, c) !== UNCOMPLETED)
    believeNothing(cluster, next, c);
  at.setCompletion(next, c, UNCOMPLETED);
  at.setArrived(next, c, false);
  at.setHome(next, c, NOWHERE);
  if (at.belief(next, c) === NONE) at.setClaimant(next, c, NOWHERE);
}

/**
 * Whoever had completed before this grace, in a life that the cluster still counted with, is owed a chance. A client that
 * reclaimed, and let the deadline pass without completing, is not (row 19), unless its claims should open again.
 */
export function owed({ at, shapes, bounds }: Cluster, w: Uint8Array, c: number): number {
  const claimant = at.claimant(w, c);
  if (claimant < 0) return FORFEIT;
  const { recoveryEpoch, claimsOpen, carriers } = shapes.get(at.ledger(w));
  const home = at.home(w, c);
  // Nor is one whose chance went by elsewhere before its home had heard that it should send it there.
  const missed = at.completion(w, c) === UNCOMPLETED || (bounds.filesystems && carriers[home] !== home);
  const ended = recoveryEpoch !== 0 && missed && !claimsOpen[claimant];
  return ended ? LATE : WANTS;
}

/** It knows that it holds nothing. */
export function believeNothing(cluster: Cluster, next: Uint8Array, c: number): void {
  const { at } = cluster;
  const completion = at.completion(next, c);
  at.setBelief(next, c, NONE);
  at.setSentHere(next, c, false);
  at.setLeftBehindAt(next, c, NOWHERE);
  if (completion === UNCOMPLETED) at.setHome(next, c, NOWHERE);
  if (completion !== COMPLETED) at.setClaimant(next, c, NOWHERE);
  else if (cluster.bounds.filesystems) at.setClaimant(next, c, at.home(next, c));
}
