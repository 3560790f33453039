/** What befalls a node from outside, as often as the bounds allow. */
import type { Cluster } from './cluster.ts';
import { die } from './effects.ts';
import type { Emit } from './step.ts';
import { GONE } from './world.ts';

/** For a node whose process runs. */
export function faultSteps(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  crash(cluster, w, n, emit);
  lose(cluster, w, n, emit);
  dropBeacon(cluster, w, n, emit);
  hang(cluster, w, n, emit);
  askToStop(cluster, w, n, emit);
}

function crash(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (!cluster.mayFault(w, 'crashes')) return;
  const next = w.slice();
  die(cluster, next, n);
  cluster.at.spend(next, 'crashes');
  emit(() => `${cluster.name(n)} crashes`, next, null, true);
}

function lose(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (!cluster.mayFault(w, 'losses')) return;
  const next = w.slice();
  die(cluster, next, n);
  cluster.at.setPhase(next, n, GONE);
  cluster.at.spend(next, 'losses');
  emit(() => `${cluster.name(n)} is lost for good`, next, null, true);
}

/** For a node that is off: no process dies, it only never boots again. */
export function loseWhileOff(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (!cluster.mayFault(w, 'losses')) return;
  const next = w.slice();
  cluster.at.setPhase(next, n, GONE);
  cluster.at.spend(next, 'losses');
  emit(() => `${cluster.name(n)} is lost for good`, next, null, true);
}

/** The filesystem lets go of a live node's beacon, and then of its lock as if it were dead (kernel-steps.ts, D19). */
function dropBeacon(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  if (!cluster.mayFault(w, 'drops') || at.beacon(w, n) !== at.incarnation(w, n)) return;
  const next = w.slice();
  at.setBeacon(next, n, 0);
  at.spend(next, 'drops');
  emit(() => `the filesystem drops the beacon of ${cluster.name(n)}, which lives`, next, null, true);
}

/** It does nothing for ever, and nobody can tell that from doing it later: beacon, locks and process are all there. */
function hang(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  if (!cluster.mayFault(w, 'hangs') || at.hung(w, n)) return;
  const next = w.slice();
  at.setHung(next, n);
  at.spend(next, 'hangs');
  emit(() => `${cluster.name(n)} hangs for ever`, next, null, true);
}

function askToStop(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at } = cluster;
  if (!cluster.mayFault(w, 'stops') || at.stopWanted(w, n) || at.hung(w, n)) return;
  const next = w.slice();
  at.setStopWanted(next, n);
  at.spend(next, 'stops');
  emit(() => `${cluster.name(n)} is asked to stop`, next, null, true);
}
