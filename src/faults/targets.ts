/** Whom a fault hits: one by name, or so many, drawn by lot. */
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

/** Every member of the ledger's etcd. */
export const WHOLE_STORE = 'store';

/** The same for the members of the ledger's etcd. */
const STORE_COUNTS: Readonly<Record<string, string>> = {
  [WHOLE_STORE]: 'all',
  'store-one': 'one',
  'store-minority': 'minority',
  'store-majority': 'majority',
};

/** Words for members of the store, as targets of a fault. */
export const STORE_SELECTORS: readonly string[] = Object.keys(STORE_COUNTS);
/** Every word that means some of the nodes, or some of the store. */
export const TARGET_WORDS: readonly string[] = [...Object.keys(COUNTS), ...STORE_SELECTORS];
/** Words for all of them, as what others are cut off from. */
export const LEDGER_WORDS: readonly string[] = ['ledger', WHOLE_STORE];

export type ResolvedTargets =
  | { readonly ok: true; readonly targets: readonly string[] }
  | { readonly ok: false; readonly error: string };

/** Who there is to be hit. */
export interface Population {
  readonly nodes: readonly string[];
  /** Members of the ledger's etcd; none where the ledger is a file. */
  readonly stores: readonly string[];
}

/**
 * Resolves `one`, `minority`, `majority`, `all` or a node's name, and `store`, `store-one`, `store-minority`,
 * `store-majority` or a name for members of the store. A selector word wins over a node of that name. Every choice of
 * that many is equally likely, and the order of the result is that of `nodes` (`stores`).
 *
 * @param random the only source of chance, so that a seed repeats the choice
 */
export function resolveTargets(
  selector: string,
  { nodes, stores }: Population,
  random: Random,
): ResolvedTargets {
  const ofStore = STORE_COUNTS[selector];
  if (ofStore !== undefined) {
    if (stores.length > 0) return drawSome(COUNTS[ofStore]!(stores.length), stores, random);
    const error = `the ledger is a file on the shared filesystem, so there is no "${selector}"`;
    return { ok: false, error };
  }
  const count = COUNTS[selector]?.(nodes.length);
  if (count === undefined) {
    if (nodes.includes(selector) || stores.includes(selector)) return { ok: true, targets: [selector] };
    const selectors = [...Object.keys(COUNTS), ...(stores.length > 0 ? STORE_SELECTORS : [])];
    const words = [...selectors, ...nodes, ...stores].join(', ');
    return { ok: false, error: `there is no node "${selector}"; a target is one of ${words}` };
  }
  if (count < 1 || count > nodes.length)
    return { ok: false, error: `a cluster of ${nodes.length} nodes has no ${selector}` };
  return drawSome(count, nodes, random);
}

function drawSome(count: number, from: readonly string[], random: Random): ResolvedTargets {
  const drawn = new Set(draw(count, from, random));
  return { ok: true, targets: from.filter((one) => drawn.has(one)) };
}

/** The first steps of a Fisher-Yates shuffle: `count` of `from`, each choice equally likely. */
function draw(count: number, from: readonly string[], random: Random): string[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)).flat();
}
