/** Who acts on the cluster from outside: the fencer ends suspects; a person admits and retires. */
import { asIncarnation } from '../core/ids.ts';
import type { Cluster } from './cluster.ts';
import { die, write } from './effects.ts';
import type { Emit } from './step.ts';
import { MEMBERSHIPS, ON } from './world.ts';

export function operatorSteps(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  fence(cluster, w, n, emit);
  if (!cluster.mayFault(w, MEMBERSHIPS)) return;
  for (const type of ['admit', 'retire'] as const) changeMembers(cluster, w, n, type, emit);
}

function fence(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const ledger = at.ledger(w);
  const shape = shapes.get(ledger);
  if (shape.states[n] !== 'suspect') return;
  const suspected = shape.incarnations[n]!;
  const next = w.slice();
  if (at.phase(w, n) === ON && at.incarnation(w, n) === suspected) die(cluster, next, n);
  const word = {
    type: 'confirm-death' as const,
    node: cluster.id(n),
    incarnation: asIncarnation(suspected),
  };
  write(cluster, next, -1, shapes.apply(ledger, word));
  emit(() => `the fencer makes sure that ${cluster.name(n)} is gone`, next, null, false);
}

function changeMembers(
  cluster: Cluster,
  w: Uint8Array,
  n: number,
  type: 'admit' | 'retire',
  emit: Emit,
): void {
  const { at, shapes } = cluster;
  const after = shapes.apply(at.ledger(w), { type, node: cluster.id(n) });
  if (after < 0) return;
  const next = w.slice();
  write(cluster, next, -1, after);
  at.setRetired(next, n, type === 'retire');
  at.spend(next, MEMBERSHIPS);
  emit(() => `an operator ${type}s ${cluster.name(n)}`, next, null, true);
}
