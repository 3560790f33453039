/** What befalls a node from outside, as often as the bounds allow. */
import type { Cluster } from './cluster.ts';
import { die } from './effects.ts';
import type { Emit } from './step.ts';
import { CRASHES, DROPS, GONE, LOSSES, STOPS } from './world.ts';

/** For a node whose process runs. */
export function faultSteps(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  crash(cluster, w, n, emit);
  lose(cluster, w, n, emit);
  dropBeacon(cluster, w, n, emit);
  askToStop(cluster, w, n, emit);
}

function crash(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (!cluster.mayFault(w, CRASHES)) return;
  const next = w.slice();
  die(cluster, next, n);
  cluster.at.spend(next, CRASHES);
  emit(() => `${cluster.name(n)} crashes`, next, null, true);
}

function lose(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (!cluster.mayFault(w, LOSSES)) return;
  const next = w.slice();
  die(cluster, next, n);
  cluster.at.setPhase(next, n, GONE);
  cluster.at.spend(next, LOSSES);
  emit(() => `${cluster.name(n)} is lost for good`, next, null, true);
}

/** For a node that is off: no process dies, it only never boots again. */
export function loseWhileOff(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (!cluster.mayFault(w, LOSSES)) return;
  const next = w.slice();
  cluster.at.setPhase(next, n, GONE);
  cluster.at.spend(next, LOSSES);
  emit(() => `${cluster.name(n)} is lost for good`, next, null, true);
}

/** The filesystem lets go of a live node's beacon, and then of its lock as if it were dead (kernel-steps.ts, D19). */
function dropBeacon(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  if (!cluster.mayFault(w, DROPS) || at.beacon(w, n) !== at.incarnation(w, n)) return;
  const next = w.slice();
  at.setBeacon(next, n, 0);
  at.spend(next, DROPS);
  emit(() => `the filesystem drops the beacon of ${cluster.name(n)}, which lives`, next, null, true);
}

function askToStop(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  if (!cluster.mayFault(w, STOPS) || at.stopWanted(w, n)) return;
  const next = w.slice();
  at.setStopWanted(next, n, true);
  at.spend(next, STOPS);
  emit(() => `${cluster.name(n)} is asked to stop`, next, null, true);
}
