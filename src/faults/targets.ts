/** Whom a fault hits: one by name, so many, drawn by lot, or whoever plays a role at that moment. */
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

/** Words for a number of nodes. */
export const COUNT_WORDS: readonly string[] = Object.keys(COUNTS);

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
/** Words for all of them, as what others are cut off from. */
export const LEDGER_WORDS: readonly string[] = ['ledger', WHOLE_STORE];

/** Words for clients. */
export const ALL_CLIENTS = 'clients';
const ONE_CLIENT = 'one-client';
export const CLIENT_SELECTORS: readonly string[] = [ALL_CLIENTS, ONE_CLIENT];

/** What a node can be in a cluster at some moment, by the newest ledger; one word may mean several, or nobody. */
export const ROLES = {
  heir: "nodes that serve another one's clients, or carry its address",
  recovering: 'nodes whose own clients may still reclaim',
  survivor: 'members that are up and past their own recovery',
  laggard: 'members that are up and have not acknowledged the view',
  absent: 'members that are down',
} as const;
export type Role = keyof typeof ROLES;
export const ROLE_WORDS = Object.keys(ROLES) as readonly Role[];
/** `one-heir`: one of them, drawn. */
const ONE_OF = 'one-';
/** `server-of-alice`: the node that answers her; `clients-of-n1`: those that it answers. */
const SERVER_OF = 'server-of-';
const CLIENTS_OF = 'clients-of-';

/** Every word that means some of the nodes, of the clients, or some of the store. */
export const TARGET_WORDS: readonly string[] = [
  ...Object.keys(COUNTS),
  ...STORE_SELECTORS,
  ...CLIENT_SELECTORS,
  ...ROLE_WORDS,
];

export type ResolvedTargets =
  | { readonly ok: true; readonly targets: readonly string[] }
  | { readonly ok: false; readonly error: string };

/** Who there is to be hit. */
export interface Population {
  readonly nodes: readonly string[];
  /** Members of the ledger's etcd; none where the ledger is a file. */
  readonly stores: readonly string[];
  readonly clients?: readonly string[];
  /** The ledgers themselves: `ledger`, and the names of lock domains. */
  readonly ledgers?: readonly string[];
  /** Who plays it now. */
  readonly playing?: (role: Role) => readonly string[];
  /** Which node answers this client now. */
  readonly serverOf?: (client: string) => string;
}

const isRole = (word: string): word is Role => (ROLE_WORDS as readonly string[]).includes(word);

/** What a role word says, as far as that can be told without a cluster; null for other words. */
export function roleWord(
  word: string,
):
  | { readonly kind: 'role'; readonly role: Role; readonly one: boolean }
  | { readonly kind: 'server-of' | 'clients-of'; readonly whom: string }
  | null {
  if (isRole(word)) return { kind: 'role', role: word, one: false };
  const single = word.startsWith(ONE_OF) ? word.slice(ONE_OF.length) : '';
  if (isRole(single)) return { kind: 'role', role: single, one: true };
  if (word.startsWith(SERVER_OF)) return { kind: 'server-of', whom: word.slice(SERVER_OF.length) };
  if (word.startsWith(CLIENTS_OF)) return { kind: 'clients-of', whom: word.slice(CLIENTS_OF.length) };
  return null;
}

/**
 * Resolves `one`, `minority`, `majority`, `all` or a node's name, `store`, `store-one`, `store-minority`,
 * `store-majority` or a name for members of the store, `clients`, `one-client` or a name for clients, a role ({@link ROLES}),
 * `server-of-CLIENT`, `clients-of-NODE`, and the names of ledgers. A selector word wins over a node of that name. Every choice of
 * that many is equally likely, and the order of the result is that of `nodes` (`stores`, `clients`).
 *
 * @param random the only source of chance, so that a seed repeats the choice
 */
export function resolveTargets(selector: string, population: Population, random: Random): ResolvedTargets {
  const { nodes, stores, clients = [], ledgers = [] } = population;
  const ofStore = STORE_COUNTS[selector];
  if (ofStore !== undefined) {
    if (stores.length > 0) return drawSome(COUNTS[ofStore]!(stores.length), stores, random);
    const error = `the ledger is a file on the shared filesystem, so there is no "${selector}"`;
    return { ok: false, error };
  }
  if (CLIENT_SELECTORS.includes(selector)) {
    if (clients.length === 0)
      return { ok: false, error: `there are no clients, so there is no "${selector}"` };
    return drawSome(selector === ONE_CLIENT ? 1 : clients.length, clients, random);
  }
  const count = COUNTS[selector]?.(nodes.length);
  if (count === undefined) {
    if ([...nodes, ...stores, ...clients, ...ledgers].includes(selector))
      return { ok: true, targets: [selector] };
    const role = roleWord(selector);
    if (role !== null) return players(selector, role, population, random);
    const selectors = [...Object.keys(COUNTS), ...(stores.length > 0 ? STORE_SELECTORS : [])];
    const words = [...selectors, ...nodes, ...stores, ...clients].join(', ');
    return { ok: false, error: `there is no node "${selector}"; a target is one of ${words}` };
  }
  if (count < 1 || count > nodes.length)
    return {
      ok: false,
      error: `a cluster of ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} has no ${selector}`,
    };
  return drawSome(count, nodes, random);
}

function players(
  word: string,
  said: NonNullable<ReturnType<typeof roleWord>>,
  { clients = [], nodes, playing, serverOf }: Population,
  random: Random,
): ResolvedTargets {
  if (said.kind === 'role') {
    const found = playing?.(said.role) ?? [];
    if (found.length === 0) return { ok: false, error: `nobody is "${said.role}" at the moment` };
    return drawSome(said.one ? 1 : found.length, found, random);
  }
  const known = said.kind === 'server-of' ? clients : nodes;
  if (!known.includes(said.whom) || serverOf === undefined)
    return { ok: false, error: `"${word}" names nobody: there is no "${said.whom}"` };
  if (said.kind === 'server-of') return { ok: true, targets: [serverOf(said.whom)] };
  const targets = clients.filter((client) => serverOf(client) === said.whom);
  if (targets.length > 0) return { ok: true, targets };
  return { ok: false, error: `no client is answered by ${said.whom} at the moment` };
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
