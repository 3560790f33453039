/**
 * The fencer, in its two halves: it ends a life that holds the cluster up, and the word of that is written into the
 * ledger. Anything may come between, also the next boot of the node.
 */
import { asIncarnation } from '../core/ids.ts';
import type { Cluster } from './cluster.ts';
import { die, write } from './effects.ts';
import type { Emit } from './step.ts';
import { ON } from './world.ts';

export function fencerSteps(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  if (cluster.at.fencersWord(w, n) !== 0) spread(cluster, w, n, emit);
  else fence(cluster, w, n, emit);
}

/**
 * Somebody who lives asks for it, by what it knows, with the deadline passed or not. Suspects and hung nodes need it, so
 * it is not counted for them, and a way out of grace may go over it (I8); whoever is only slow can be hit as well.
 */
function fence(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  for (const incarnation of askedFor(cluster, w, n)) end(cluster, w, n, incarnation, emit);
}

function end(cluster: Cluster, w: Uint8Array, n: number, incarnation: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const runs = at.phase(w, n) === ON && at.incarnation(w, n) === incarnation;
  const { states, incarnations } = shapes.get(at.ledger(w));
  const suspect = states[n] === 'suspect' && incarnations[n] === incarnation;
  const needed = suspect || (runs && at.hung(w, n));
  if (!needed && !cluster.mayFault(w, 'fences')) return;
  const next = w.slice();
  if (runs) die(cluster, next, n);
  at.setFencersWord(next, n, incarnation);
  if (!needed) at.spend(next, 'fences');
  emit(() => `the fencer makes sure that ${cluster.life(n, incarnation)} is gone`, next, null, !needed);
}

/** The lives of n that live nodes know to hold the cluster up; they need not know the same. */
function askedFor(cluster: Cluster, w: Uint8Array, n: number): ReadonlySet<number> {
  const { at, shapes } = cluster;
  const lives = new Set<number>();
  for (let asker = 0; asker < cluster.bounds.nodes; asker++) {
    if (asker === n || !cluster.acts(w, asker) || at.pending(w, asker) >= 0) continue;
    const known = at.known(w, asker);
    if (shapes.standing(known, asker, at.incarnation(w, asker)) !== 'current') continue;
    const incarnation = shapes.get(known).holdingUp[n]!;
    if (incarnation !== 0) lives.add(incarnation);
  }
  return lives;
}

function spread(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  const { at, shapes } = cluster;
  const incarnation = at.fencersWord(w, n);
  const word = {
    type: 'confirm-death' as const,
    node: cluster.id(n),
    incarnation: asIncarnation(incarnation),
  };
  const after = shapes.apply(at.ledger(w), word);
  const next = w.slice();
  at.setFencersWord(next, n, 0);
  if (after >= 0) write(cluster, next, -1, after);
  const label = () => `the fencer’s word that ${cluster.life(n, incarnation)} is gone `;
  emit(() => `${label()}${after < 0 ? 'comes too late' : 'is written'}`, next, null, false);
}
