/** What a node says to a client that asks for a lock again, as the product decides it (grants.ts, grace-recovery.ts, arrivals.ts). */
import type { Cluster } from './cluster.ts';
import { UNCOMPLETED } from './world.ts';

/** `delay`: it is told to come again. */
export function reclaimAnswer(
  cluster: Cluster,
  w: Uint8Array,
  c: number,
  n: number,
): 'grant' | 'refuse' | 'delay' {
  const { at, shapes } = cluster;
  const { filesystems } = cluster.bounds;
  const known = at.known(w, n);
  const shape = shapes.get(known);
  // Row 8; row 30: not of what came with a filesystem.
  const completed = at.home(w, c) === n && at.completion(w, c) !== UNCOMPLETED;
  if (completed && !cluster.mayArrive(w, c, n)) return 'refuse';
  if (shape.recoveryEpoch === 0) return 'refuse';
  if (shapes.standing(known, n, at.incarnation(w, n)) !== 'current') return 'delay';
  if (!shape.barrier && !cluster.hasMutant('D11')) return 'delay';
  // Nor is there anything to say while its address, or the filesystem, is on its way.
  if (shape.movingTo[cluster.service(n, c)]! >= 0) return 'delay';
  if (filesystems && !cluster.cameWith(w, c, n) && cluster.isUnderWay(w, n)) return 'delay';
  return cluster.hasRecord(w, c, n) ? 'grant' : 'refuse';
}
