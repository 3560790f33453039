/** What a person does to the cluster: members admitted and retired, addresses or filesystems moved, a node declared dead, its claims given up. */
import { asIncarnation } from '../core/ids.ts';
import type { Command } from '../core/transitions.ts';
import type { CountedFault } from './bounds.ts';
import type { Cluster } from './cluster.ts';
import { write } from './effects.ts';
import type { Emit } from './step.ts';
import { ON } from './world.ts';

export function operatorSteps(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const node = cluster.id(n);
  const filesystem = cluster.bounds.filesystems;
  if (cluster.mayFault(w, 'memberships')) {
    swap(cluster, w, n, { type: 'admit', node }, 'memberships', emit);
    swap(cluster, w, n, { type: 'retire', node }, 'memberships', emit);
  }
  if (cluster.mayFault(w, 'moves'))
    for (const to of cluster.shapes.nodes)
      swap(cluster, w, n, { type: 'migrate', owner: node, to, filesystem }, 'moves', emit);
  if (cluster.mayFault(w, 'repairs')) {
    swap(cluster, w, n, { type: 'abandon', dead: node, operator: true }, 'repairs', emit);
    declareDead(cluster, w, n, emit);
  }
}

/**
 * Only of a life whose beacon is out; where that proves nothing, only once its process has been ended. Whoever writes it
 * down looks at both, as `gracelab ledger` does: a person's word alone is not enough.
 */
function declareDead(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, shapes, bounds } = cluster;
  const incarnation = shapes.get(at.ledger(w)).incarnations[n]!;
  const runs = at.phase(w, n) === ON && at.incarnation(w, n) === incarnation;
  const shown = bounds.beaconProvesDeath ? at.beacon(w, n) !== incarnation : !runs;
  if (!shown && !bounds.trustsOperators) return;
  const word = {
    type: 'confirm-death' as const,
    node: cluster.id(n),
    incarnation: asIncarnation(incarnation),
  };
  swap(cluster, w, n, word, 'repairs', emit);
}

function swap(
  cluster: Cluster,
  w: Uint8Array,
  n: number,
  command: Command,
  kind: CountedFault,
  emit: Emit,
): void {
  const { at, shapes } = cluster;
  const after = shapes.apply(at.ledger(w), command);
  if (after < 0) return;
  const next = w.slice();
  write(cluster, next, -1, after);
  if (kind === 'memberships') at.setRetired(next, n, command.type === 'retire');
  at.spend(next, kind);
  const to = command.type === 'migrate' ? ` to ${command.to}` : '';
  emit(() => `an operator swaps in: ${command.type} ${cluster.name(n)}${to}`, next, null, true);
}
