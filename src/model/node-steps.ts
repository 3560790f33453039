/** A node on its own: what it hears of the ledger and of beacons, the records it writes, the locks it lets go. */
import { asIncarnation } from '../core/ids.ts';
import { mayHandOver, mayRelease } from '../core/next-command.ts';
import { type Cluster, clientName } from './cluster.ts';
import { loseClient, loseClients, obey, record } from './effects.ts';
import { handOnFilesystem } from './filesystem-steps.ts';
import type { Emit } from './step.ts';
import { lifeOf, NOWHERE, UNCOMPLETED } from './world.ts';

export function nodeSteps(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (cluster.at.stale(w, n)) learn(cluster, w, n, emit);
  else calmDown(cluster, w, n, emit);
  notice(cluster, w, n, emit);
  records(cluster, w, n, emit);
  letGo(cluster, w, n, emit);
  handOn(cluster, w, n, emit);
  if (cluster.bounds.filesystems) handOnFilesystem(cluster, w, n, emit);
}

function learn(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  const next = w.slice();
  at.setKnown(next, n, at.ledger(w));
  at.setStale(next, n, false);
  at.setFinishing(next, n, NOWHERE);
  obey(cluster, next, n);
  emit(() => `${cluster.name(n)} learns the ledger`, next, null, false);
}

function calmDown(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  if (!at.alarmed(w, n) || shapes.get(at.known(w, n)).recoveryEpoch !== 0) return;
  if (cluster.missing(w, n).length > 0) return;
  const next = w.slice();
  at.setAlarmed(next, n, false);
  emit(() => `${cluster.name(n)} finds every beacon lit and grants again`, next, null, false);
}

function notice(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  if (at.alarmed(w, n) || cluster.missing(w, n).length === 0) return;
  const next = w.slice();
  at.setAlarmed(next, n, true);
  emit(() => `${cluster.name(n)} finds a beacon missing`, next, null, false);
}

/** All clients into the epoch that the known ledger names. */
function records(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const { epoch, recoveryEpoch } = shapes.get(at.known(w, n));
  if (recoveryEpoch === 0 || at.recordedIn(w, n) === epoch) return;
  const next = w.slice();
  at.setRecordedIn(next, n, epoch);
  if (cluster.mayWrite(w, n)) {
    for (let c = 0; c < cluster.bounds.clients; c++)
      if (at.home(w, c) === n && at.completion(w, c) !== UNCOMPLETED)
        record(cluster, next, epoch, cluster.service(n, c), c, lifeOf(n, at.incarnation(w, n)));
  }
  emit(() => `${cluster.name(n)} writes its clients’ records in epoch ${epoch}`, next, null, false);
}

/** A planned stop, past the barrier: every lock goes, and nothing is served any more. */
function letGo(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const self = { node: cluster.id(n), incarnation: asIncarnation(at.incarnation(w, n)) };
  if (at.released(w, n) || !mayRelease(shapes.get(at.known(w, n)).ledger, self)) return;
  const next = w.slice();
  loseClients(cluster, next, n);
  if (cluster.hasLock(w, n)) at.freeLock(next);
  at.setReleased(next, n);
  emit(() => `${cluster.name(n)} lets its locks go`, next, null, false);
}

/** A planned move, past the barrier: what the clients of that address hold goes, and they are answered here no more. */
function handOn(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, bounds, shapes } = cluster;
  if (cluster.hasMutant('M10') || bounds.filesystems) return;
  const self = { node: cluster.id(n), incarnation: asIncarnation(at.incarnation(w, n)) };
  for (const owner of mayHandOver(shapes.get(at.known(w, n)).ledger, self, bounds.mutants)) {
    const c = shapes.nodes.indexOf(owner);
    if (c >= bounds.clients || at.handedOn(w, n, c)) continue;
    const next = w.slice();
    const holds = cluster.hasLock(w, n) && at.lockClient(w) === c;
    // What this life wrote about it must not count should the address come back to this very life.
    if (!cluster.hasMutant('M11') && cluster.mayWrite(w, n)) {
      const { epoch } = shapes.get(at.known(w, n));
      if (cluster.recordedBy(w, epoch, c, c) === lifeOf(n, at.incarnation(w, n)))
        record(cluster, next, epoch, c, c, 0);
    }
    if (at.home(w, c) === n) loseClient(cluster, next, c, NOWHERE);
    if (holds) at.freeLock(next);
    at.setHandedOn(next, n, c, true);
    emit(() => `${cluster.name(n)} lets go of what ${clientName(c)} holds`, next, null, false);
  }
}
