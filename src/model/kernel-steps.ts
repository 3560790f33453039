/** The filesystem: when it lets go of the locks and beacons of processes that are no more. */
import type { Cluster } from './cluster.ts';
import type { Emit } from './step.ts';
import { GONE, OFF, ON } from './world.ts';

export function kernelSteps(cluster: Cluster, w: Uint8Array, emit: Emit): void {
  dropLock(cluster, w, emit);
  for (let n = 0; n < cluster.bounds.nodes; n++) putOut(cluster, w, n, emit);
}

function dropLock(cluster: Cluster, w: Uint8Array, emit: Emit): void {
  const { at } = cluster;
  const holder = at.lockNode(w);
  if (holder < 0) return;
  const life = at.lockIncarnation(w);
  const over = at.phase(w, holder) !== ON || at.incarnation(w, holder) !== life;
  // The beacon goes before the locks (docs/protocol.md), unless it is the wrong kind of beacon.
  const beaconOut = at.beacon(w, holder) !== life;
  if (!beaconOut && !(over && cluster.hasMutant('D16'))) return;
  const next = w.slice();
  at.freeLock(next);
  emit(() => `the filesystem drops the lock of ${cluster.life(holder, life)}`, next, null, false);
}

function putOut(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  if ((at.phase(w, n) !== OFF && at.phase(w, n) !== GONE) || at.beacon(w, n) === 0) return;
  const next = w.slice();
  at.setBeacon(next, n, 0);
  emit(() => `the beacon of ${cluster.name(n)} goes out`, next, null, false);
}
