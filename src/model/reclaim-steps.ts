/** A client that held the lock in a life that is over asks for it again, at whoever answers it now. */
import { type Cluster, clientName } from './cluster.ts';
import { believeNothing } from './effects.ts';
import { reclaimViolation, refusalViolation } from './invariants.ts';
import { reclaimAnswer } from './reclaim-answer.ts';
import type { Emit } from './step.ts';
import { HELD, ON } from './world.ts';

export function reclaim(cluster: Cluster, w: Uint8Array, c: number, n: number, emit: Emit): void {
  const { at } = cluster;
  const answer = reclaimAnswer(cluster, w, c, n);
  if (answer === 'delay') return;
  const authorised = answer === 'grant';
  // The kernel may still be letting go of a dead life's locks: the server says DELAY to that.
  if (authorised && heldByTheDead(cluster, w)) return;
  const next = w.slice();
  if (!authorised || at.lockNode(w) >= 0) {
    believeNothing(cluster, next, c);
    const violation = refusalViolation(cluster, w, c, n);
    emit(() => `${cluster.name(n)} tells ${clientName(c)} that its lock is lost`, next, violation, false);
    return;
  }
  at.setLock(next, n, at.incarnation(w, n), c);
  at.setBelief(next, c, HELD);
  at.setHome(next, c, n);
  at.setSentHere(next, c, false);
  const violation = reclaimViolation(cluster, w, c, n);
  emit(() => `${clientName(c)} reclaims at ${cluster.name(n)}`, next, violation, false);
}

function heldByTheDead({ at }: Cluster, w: Uint8Array): boolean {
  const holder = at.lockNode(w);
  return holder >= 0 && (at.phase(w, holder) !== ON || at.incarnation(w, holder) !== at.lockIncarnation(w));
}
