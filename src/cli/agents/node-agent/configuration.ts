/** What the lab tells a node about itself and its cluster: the first line on the agent's stdin. */
import { z } from 'zod';
import { NODE_NAME } from '../../../core/ledger-text.ts';
import { MUTANTS, type MutantId } from '../../../core/mutants.ts';
import { ARMED } from './armed-steps.ts';

const NAME = z.string().regex(NODE_NAME);
const MS = z.number().positive();

const store = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sqlite'), path: z.string() }),
  z.object({ kind: z.literal('etcd'), endpoints: z.array(z.string()).min(1), prefix: z.string() }),
]);

const domain = z.object({
  name: NAME,
  /** A shared filesystem: `export/` and the control directory are in it. */
  directory: z.string(),
  /** Who is in the domain when its ledger is made. */
  members: z.array(NAME).min(1),
  /** Others may be admitted later: nothing is given out that only a node without any others may give. */
  grows: z.boolean().default(false),
  store,
  /** docs/protocol.md: true where all nodes share one kernel. */
  beaconProvesDeath: z.boolean().default(true),
});

export const CONFIGURATION = z.object({
  node: NAME,
  /** The address to listen on: all of them, where service addresses come and go. */
  listen: z.string(),
  port: z.int().min(0).max(65_535),
  leaseMs: MS,
  graceMs: MS,
  originNs: z.string().regex(/^\d+$/),
  /** By how much this container's monotonic clock is ahead of the one that the history goes by. */
  clockAheadMs: z.number().default(0),
  /** At which named step this life stands still; null: at none. */
  armed: ARMED.nullable().default(null),
  mutants: z.array(z.enum(Object.keys(MUTANTS) as MutantId[])).default([]),
  /** Left out: what the coordinator thinks best. */
  beaconPollMs: MS.optional(),
  domains: z.array(domain).min(1),
  /** The cluster has several domains: their names are the entries of the root, also on a node that serves only one. */
  namedDomains: z.boolean().default(false),
  /** The node's own storage, which survives its reboots. */
  stable: z.string(),
  /** By node; none where nothing moves. */
  serviceAddresses: z.record(NAME, z.ipv4()).default({}),
  /** The network interface that carries them. */
  interface: z.string().default('eth0'),
  failoverMs: z.number().min(0).nullable().default(null),
  failbackMs: z.number().min(0).nullable().default(null),
  fenceAfterMs: z.number().min(0).nullable().default(null),
  storePatienceMs: MS,
  /** May clients that can be called back have them? */
  delegations: z.boolean().default(true),
  /** An empty directory, where programs that are not NFS clients find the export; null: there is no gate. */
  gate: z.string().nullable().default(null),
});

export type NodeConfiguration = z.output<typeof CONFIGURATION>;
export type DomainConfiguration = NodeConfiguration['domains'][number];
