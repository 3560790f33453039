/** The cluster of a scenario or a lab, as a person writes it: nodes, store, lock domains, and how patient it is with the dead. */
import { z } from 'zod';
import type { ClusterShape, DomainShape } from '../scenario.ts';
import { duration, name, parseDuration, parsed } from './words.ts';

/** More than this needs more memory and cores than the machines that the lab is made for. */
export const MOST_NODES = 16;
const MOST_DOMAINS = 8;

/** `n1`, `n2`, ...: what nodes are called that were only counted. */
export const numbered = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);

export const nodes = z
  .union([z.int().min(1).max(MOST_NODES).transform(numbered), z.array(name).min(1).max(MOST_NODES)])
  .meta({ description: 'How many nodes (they are called n1, n2, ...), or their names' });

/** Milliseconds, or null for `off`. */
const durationOrOff = (description: string) =>
  z
    .string({ error: () => 'write a duration like 2s, or off' })
    .transform(
      parsed((text) => {
        if (text === 'off') return { ms: null as number | null };
        const ms = parseDuration(text);
        return typeof ms === 'number' ? { ms } : { refused: `${ms.refused}, or off` };
      }),
    )
    .transform(({ ms }) => ms)
    .meta({ description, pattern: '^(off|\\d+(\\.\\d+)?(ms|s|m))$' });

/** What a lab file and the cluster of a scenario have in common. */
export const clusterKeys = {
  nodes: nodes.optional(),
  spares: z.array(name).min(1).max(MOST_NODES).optional().meta({
    description: 'Nodes that are no members until a step (or an operator) admits them',
  }),
  store: z.enum(['sqlite', 'etcd']).optional().meta({
    description:
      'Where the ledger is: a file on the shared filesystem (sqlite, the default), or three etcd members',
  }),
  domains: z
    .record(name, z.array(name).min(1).max(MOST_NODES))
    .refine((record) => Object.keys(record).length <= MOST_DOMAINS, {
      error: () => `there are more than ${MOST_DOMAINS} lock domains`,
    })
    .optional()
    .meta({
      description: 'Shared filesystems with the nodes that serve each; one that all serve by default',
    }),
  failback: durationOrOff(
    "How long a node that is back waits before it takes its own service address back from its heir, or 'off': not by itself",
  ).optional(),
  failover: durationOrOff(
    'How long a dead node is waited for before another one takes its clients over; off by default',
  ).optional(),
  'fence-after': durationOrOff(
    'How long grace waits for a silent node before its life is ended for certain; off: for ever',
  ).optional(),
  'after-fence': z.enum(['boot', 'stay-down']).optional().meta({
    description: 'Does a node that was fenced boot again? It does by default',
  }),
  'store-patience': duration(100)
    .optional()
    .meta({ description: 'How long a node that cannot reach its ledger keeps its life' }),
  delegations: z.enum(['on', 'off']).optional().meta({
    description: 'May clients that can be called back have delegations? They may by default',
  }),
  gate: z.boolean().optional().meta({
    description:
      'Does every node mount a gate, /gate, for programs that are not NFS clients? It does where there are local programs; else not',
  }),
  'beacon-proves-death': z.boolean().optional().meta({
    description:
      'Is a node dead whose beacon is missing? It is where all nodes share one kernel (true, the default); false: a fencer or the node itself has to say so first',
  }),
};

/** The keys as they come out of the schema. */
export interface WrittenCluster {
  readonly nodes?: readonly string[] | undefined;
  readonly spares?: readonly string[] | undefined;
  readonly store?: 'sqlite' | 'etcd' | undefined;
  readonly domains?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly failback?: number | null | undefined;
  readonly failover?: number | null | undefined;
  readonly 'fence-after'?: number | null | undefined;
  readonly 'after-fence'?: 'boot' | 'stay-down' | undefined;
  readonly 'store-patience'?: number | undefined;
  readonly delegations?: 'on' | 'off' | undefined;
  readonly 'beacon-proves-death'?: boolean | undefined;
  readonly gate?: boolean | undefined;
  readonly lease?: number | undefined;
  readonly grace?: number | undefined;
}

/** What the one domain is called that nobody named. */
const ONLY_DOMAIN = 'main';

function domainsOf(written: WrittenCluster, members: readonly string[]): readonly DomainShape[] {
  if (written.domains === undefined)
    return [{ name: ONLY_DOMAIN, nodes: [...members, ...(written.spares ?? [])] }];
  return Object.entries(written.domains).map(([domain, listed]) => ({ name: domain, nodes: listed }));
}

/** A node is silent for that long on a machine that is busy with other things, without anything being wrong with it. */
const LEAST_PATIENCE_MS = 5000;
const MEMBERS = 3;

/**
 * Gives everything that was left out its value. A node that hangs is fenced after two leases, and so gives up one that
 * has lost its ledger: by then its clients have had time to notice, and nobody else is kept waiting for ever (I8).
 */
export function shapeOf(
  written: WrittenCluster,
  defaults: { leaseMs: number; graceMs?: number },
): ClusterShape {
  const members = written.nodes ?? numbered(MEMBERS);
  const leaseMs = written.lease ?? defaults.leaseMs;
  const patienceMs = Math.max(LEAST_PATIENCE_MS, 2 * leaseMs);
  return {
    nodes: members,
    spares: written.spares ?? [],
    leaseMs,
    graceMs: written.grace ?? defaults.graceMs ?? leaseMs,
    store: written.store ?? 'sqlite',
    domains: domainsOf(written, members),
    ...(written.failback !== undefined && { failbackMs: written.failback }),
    failoverMs: written.failover ?? null,
    fenceAfterMs: written['fence-after'] === undefined ? patienceMs : written['fence-after'],
    afterFence: written['after-fence'] ?? 'boot',
    storePatienceMs: written['store-patience'] ?? patienceMs,
    ...(written.delegations === 'off' && { delegations: false }),
    ...(written.gate && { gate: true }),
    ...(written['beacon-proves-death'] === false && { beaconProvesDeath: false }),
  };
}
