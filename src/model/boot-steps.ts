/** How a life of a node begins: first its beacon, then its boot in the ledger. */
import { asIncarnation } from '../core/ids.ts';
import type { Cluster } from './cluster.ts';
import { write } from './effects.ts';
import type { Emit } from './step.ts';
import { LIT, ON } from './world.ts';

export function light(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const shape = shapes.get(at.ledger(w));
  if (shape.states[n] === 'absent' || at.beacon(w, n) !== 0) return;
  const next = w.slice();
  const incarnation = shape.incarnations[n]! + 1;
  at.setPhase(next, n, LIT);
  at.setIncarnation(next, n, incarnation);
  at.setBeacon(next, n, incarnation);
  emit(() => `${cluster.name(n)} lights the beacon of incarnation ${incarnation}`, next, null, false);
}

export function boot(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const incarnation = at.incarnation(w, n);
  const command = { type: 'boot' as const, node: cluster.id(n), incarnation: asIncarnation(incarnation) };
  const booted = shapes.apply(at.ledger(w), command);
  const next = w.slice();
  if (booted < 0) {
    at.clearNode(next, n);
    at.setBeacon(next, n, 0);
    emit(() => `${cluster.name(n)} lost the swap of its boot`, next, null, false);
    return;
  }
  at.setPhase(next, n, ON);
  write(cluster, next, n, booted);
  at.setRecordedIn(next, n, shapes.get(booted).epoch);
  emit(() => `${cluster.name(n)} boots as incarnation ${incarnation}`, next, null, false);
}
