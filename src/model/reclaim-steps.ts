/** A client that held the lock in a former life of its node asks for it again. */
import { type Cluster, clientName } from './cluster.ts';
import { reclaimViolation, refusalViolation } from './invariants.ts';
import type { Emit } from './step.ts';
import { HELD, NONE, ON } from './world.ts';

export function reclaim(cluster: Cluster, w: Uint8Array, c: number, home: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const known = at.known(w, home);
  const shape = shapes.get(known);
  const open = shape.recoveryEpoch !== 0 && shape.servesOwn[home]!;
  if (open && !shape.barrier && !cluster.hasMutant('D11')) return;
  if (open && shapes.standing(known, home, at.incarnation(w, home)) !== 'current') return;
  const authorised = open && cluster.hasRecord(w, c, home);
  // The kernel may still be letting go of a dead life's locks: the server says DELAY to that.
  if (authorised && heldByTheDead(cluster, w)) return;
  const next = w.slice();
  if (!authorised || at.lockNode(w) >= 0) {
    at.setBelief(next, c, NONE);
    const violation = refusalViolation(cluster, w, c, home);
    emit(() => `${clientName(c)} is told that its lock is lost`, next, violation, false);
    return;
  }
  at.setLock(next, home, at.incarnation(w, home), c);
  at.setBelief(next, c, HELD);
  const violation = reclaimViolation(cluster, w, c);
  emit(() => `${clientName(c)} reclaims at ${cluster.name(home)}`, next, violation, false);
}

function heldByTheDead({ at }: Cluster, w: Uint8Array): boolean {
  const holder = at.lockNode(w);
  return holder >= 0 && (at.phase(w, holder) !== ON || at.incarnation(w, holder) !== at.lockIncarnation(w));
}
