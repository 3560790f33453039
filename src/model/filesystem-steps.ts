/**
 * What is different where filesystems move and addresses stay (rows 29 and 30): a node that has handed its clients on tells them where to go,
 * and they come there by that node's own address.
 */
import { asIncarnation } from '../core/ids.ts';
import { mayHandOver } from '../core/next-command.ts';
import { type Cluster, clientName } from './cluster.ts';
import { owed, record } from './effects.ts';
import { reclaimViolation } from './invariants.ts';
import { reclaimAnswer } from './reclaim-answer.ts';
import type { Emit } from './step.ts';
import { COMPLETED, COMPLETED_IN_GRACE, HELD, lifeOf, NONE, NOWHERE, UNCOMPLETED } from './world.ts';

/**
 * A planned move away from the node, past the barrier: nothing that this life recorded of its clients in the new epoch must be good should the
 * filesystem come back to it, and who holds nothing has nothing to reclaim. What they hold goes when it is handed over (effects.ts).
 */
export function handOnFilesystem(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, bounds, shapes } = cluster;
  const self = { node: cluster.id(n), incarnation: asIncarnation(at.incarnation(w, n)) };
  const { ledger, epoch, recoveryEpoch } = shapes.get(at.known(w, n));
  if (!mayHandOver(ledger, self, bounds.mutants).includes(self.node)) return;
  letGoEarly(cluster, w, n, emit);
  if (at.withdrawn(w, n)) return;
  const next = w.slice();
  at.setWithdrawn(next, n, true);
  for (let c = 0; c < bounds.clients; c++) {
    if (!cluster.mayWrite(w, n) || !completedHere(cluster, w, n, c)) continue;
    if (at.belief(w, c) !== HELD) record(cluster, next, recoveryEpoch, n, c, 0);
    if (!cluster.hasMutant('M11')) record(cluster, next, epoch, n, c, 0);
  }
  emit(() => `${cluster.name(n)} takes back what it recorded of its clients`, next, null, false);
}

const completedHere = ({ at }: Cluster, w: Uint8Array, n: number, c: number): boolean =>
  at.home(w, c) === n && at.completion(w, c) !== UNCOMPLETED;

/** Mutant M17: what they hold goes before that, and they, who are in touch with the node as ever, do not notice. */
function letGoEarly(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (!cluster.hasMutant('M17') || !cluster.hasLock(w, n)) return;
  const next = w.slice();
  cluster.at.freeLock(next);
  emit(() => `${cluster.name(n)} lets go of what its clients hold`, next, null, false);
}

/** MOVED, and fs_locations. @returns whether the filesystem is elsewhere, as node n knows it */
export function sendOn(cluster: Cluster, w: Uint8Array, c: number, n: number, emit: Emit): boolean {
  if (cluster.isHere(w, n)) return false;
  const { at, shapes } = cluster;
  const to = shapes.get(at.known(w, n)).servedAt[n]!;
  const next = w.slice();
  // It has not been let go of (mutant M10), and has to reclaim all the same.
  if (at.belief(w, c) === HELD) at.setBelief(next, c, owed(cluster, next, c));
  at.setHome(next, c, NOWHERE);
  at.setSite(next, c, to);
  at.setSentHere(next, c, at.belief(next, c) !== NONE);
  emit(() => `${cluster.name(n)} sends ${clientName(c)} to ${cluster.name(to)}`, next, null, false);
  return true;
}

/** RECLAIM_COMPLETE with rca_one_fs: all that it had elsewhere it has here, or knows to be lost. It has said the global one as well, or does so now. */
export function arrive(cluster: Cluster, w: Uint8Array, c: number, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  // Told to wait before the node knows what it is to be through with.
  if (cluster.isUnderWay(w, n) || !cluster.mayArrive(w, c, n) || !cluster.mayRecord(w, n)) return;
  const next = w.slice();
  record(cluster, next, shapes.get(at.known(w, n)).epoch, n, c, lifeOf(n, at.incarnation(w, n)));
  at.setHome(next, c, n);
  at.setArrived(next, c, true);
  if (at.completion(w, c) === UNCOMPLETED) at.setCompletion(next, c, COMPLETED_IN_GRACE);
  emit(() => `${clientName(c)} has arrived at ${cluster.name(n)}`, next, null, false);
}

/** The global one, for what a restart of that node took from it: nothing. What it had elsewhere it reclaims afterwards. */
export function completeFirst(cluster: Cluster, w: Uint8Array, c: number, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  if (!at.sentHere(w, c) || !cluster.mayRecord(w, n)) return;
  const next = w.slice();
  const { epoch } = shapes.get(at.known(w, n));
  record(cluster, next, epoch, n, c, lifeOf(n, at.incarnation(w, n)));
  at.setHome(next, c, n);
  const current = shapes.get(at.ledger(w));
  const counts = epoch === (current.recoveryEpoch || current.epoch);
  at.setCompletion(next, c, counts ? COMPLETED : COMPLETED_IN_GRACE);
  const label = () => `${clientName(c)}, who was sent there, completes at ${cluster.name(n)}`;
  emit(label, next, null, false);
}

/** A reclaim at a node that it was not sent to is refused, or put off, or is as good there as where it was sent. Only what goes wrong is a step. */
export function stray(cluster: Cluster, w: Uint8Array, c: number, emit: Emit): void {
  const { at, bounds } = cluster;
  for (let n = 0; n < bounds.nodes; n++) {
    if (n === at.site(w, c) || !cluster.listens(w, n) || !cluster.isHere(w, n)) continue;
    if (reclaimAnswer(cluster, w, c, n) !== 'grant') continue;
    const violation = reclaimViolation(cluster, w, c, n);
    if (violation === null) continue;
    const label = () => `${clientName(c)} reclaims at ${cluster.name(n)}, where it was not sent`;
    emit(label, w.slice(), violation, false);
  }
}
