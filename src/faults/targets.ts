/** Which nodes a fault hits: one by name, or so many of them, drawn by lot. */
import type { Random } from '../core/clock.ts';

/** Selectors that mean a number of nodes, whatever their names. */
const COUNTS: Readonly<Record<string, (nodes: number) => number>> = {
  one: () => 1,
  /** The most that leave a majority standing. */
  minority: (nodes) => Math.ceil(nodes / 2) - 1,
  /** The fewest that are more than half. */
  majority: (nodes) => Math.floor(nodes / 2) + 1,
  all: (nodes) => nodes,
};

export type ResolvedTargets =
  | { readonly ok: true; readonly targets: readonly string[] }
  | { readonly ok: false; readonly error: string };

/**
 * Resolves `one`, `minority`, `majority`, `all` or a node's name. A selector word wins over a node of that
 * name. Every choice of that many nodes is equally likely, and the order of the result is that of `nodes`.
 *
 * @param nodes the names of the cluster's nodes
 * @param random the only source of chance, so that a seed repeats the choice
 */
export function resolveTargets(selector: string, nodes: readonly string[], random: Random): ResolvedTargets {
  const count = COUNTS[selector]?.(nodes.length);
  if (count === undefined) {
    if (nodes.includes(selector)) return { ok: true, targets: [selector] };
    const words = [...Object.keys(COUNTS), ...nodes].join(', ');
    return { ok: false, error: `there is no node "${selector}"; a target is one of ${words}` };
  }
  if (count < 1 || count > nodes.length) {
    return { ok: false, error: `a cluster of ${nodes.length} nodes has no ${selector}` };
  }
  const drawn = new Set(draw(count, nodes, random));
  return { ok: true, targets: nodes.filter((node) => drawn.has(node)) };
}

/** The first steps of a Fisher-Yates shuffle: `count` of `from`, each choice equally likely. */
function draw(count: number, from: readonly string[], random: Random): string[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)).flat();
}
