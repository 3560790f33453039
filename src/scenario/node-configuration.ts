/** What the lab tells a node's agent; the agent's own words for it are in cli/agents/node-agent/configuration.ts. */
import { join } from 'node:path';
import type { MutantId } from '../core/mutants.ts';
import { type Lab, NODE_PATHS } from '../runtime/runtime.ts';
import { domainsOf, foundersOf, hasSeveralDomains } from './cluster-shape.ts';
import type { OperatorsDomain } from './operator.ts';
import type { ClusterShape, DomainShape } from './scenario.ts';

export const NFS_PORT = 2049;
export const LEDGER_FILE = join('.gracelab', 'ledger.sqlite');

/** What all nodes of one cluster are told alike. */
export interface ClusterConfiguration {
  readonly shape: ClusterShape;
  readonly mutants: readonly MutantId[];
  readonly originNs: bigint;
  /** By node. */
  readonly serviceAddresses: Readonly<Record<string, string>>;
  /** Of the etcd cluster; null where the ledgers are files. */
  readonly endpoints: readonly string[] | null;
}

function storeOf(
  directory: string,
  domain: DomainShape,
  endpoints: readonly string[] | null,
): OperatorsDomain['store'] {
  return endpoints === null
    ? { kind: 'sqlite', path: join(directory, LEDGER_FILE) }
    : { kind: 'etcd', endpoints, prefix: `gracelab/${domain.name}/` };
}

/** @returns the first line on the agent's stdin */
export function nodeConfiguration(node: string, cluster: ClusterConfiguration): object {
  const { shape, mutants, originNs, serviceAddresses, endpoints } = cluster;
  const several = hasSeveralDomains(shape);
  const domains = domainsOf(shape, node).map((domain) => {
    const directory = several ? NODE_PATHS.further(domain.name) : NODE_PATHS.shared;
    const members = foundersOf(shape, domain);
    return {
      name: domain.name,
      directory,
      members,
      grows: members.length < domain.nodes.length,
      store: storeOf(directory, domain, endpoints),
      // All containers share one kernel, whatever the cluster is told.
      beaconProvesDeath: shape.beaconProvesDeath ?? true,
    };
  });
  return {
    node,
    listen: '0.0.0.0',
    port: NFS_PORT,
    leaseMs: shape.leaseMs,
    graceMs: shape.graceMs,
    originNs: String(originNs),
    mutants,
    domains,
    namedDomains: several,
    stable: NODE_PATHS.stable,
    serviceAddresses,
    failoverMs: shape.failoverMs,
    failbackMs: shape.failbackMs ?? null,
    fenceAfterMs: shape.fenceAfterMs,
    storePatienceMs: shape.storePatienceMs,
    delegations: shape.delegations ?? true,
    gate: shape.gate ? NODE_PATHS.gate : null,
  };
}

/** The same domain as the lab's own process gets at it. */
export function operatorsDomain(
  lab: Pick<Lab, 'sharedDir' | 'sharedDirOf'>,
  domain: DomainShape,
  { shape, endpoints }: Pick<ClusterConfiguration, 'shape' | 'endpoints'>,
): OperatorsDomain {
  const directory = hasSeveralDomains(shape) ? lab.sharedDirOf(domain.name) : lab.sharedDir;
  return { directory, store: storeOf(directory, domain, endpoints) };
}

/** Shared filesystems beside the lab's first one; with one domain that one is enough. */
export const furtherFilesystems = (shape: ClusterShape): readonly string[] =>
  hasSeveralDomains(shape) ? shape.domains.map(({ name }) => name) : [];
