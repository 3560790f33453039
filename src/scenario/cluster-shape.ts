/** What follows from the shape of a cluster: who is in it, what its containers are called. */
import type { RunEvent } from '../history/events.ts';
import type { ClusterShape, DomainShape } from './scenario.ts';

/** The containers of an etcd cluster: three, so that one may be lost. */
export const ETCD_MEMBERS: readonly string[] = ['e1', 'e2', 'e3'];

/** Names of the containers that hold the ledger; none where it is a file. */
export const storeMembersOf = ({ store }: Pick<ClusterShape, 'store'>): readonly string[] =>
  store === 'etcd' ? ETCD_MEMBERS : [];

/** Every node that has a container, a member or not. */
export const containersOf = ({ nodes, spares }: ClusterShape): readonly string[] => [...nodes, ...spares];

export const domainsOf = ({ domains }: ClusterShape, node: string): readonly DomainShape[] =>
  domains.filter((domain) => domain.nodes.includes(node));

/** Who is in a domain when its ledger is made. */
export const foundersOf = ({ nodes }: ClusterShape, domain: DomainShape): readonly string[] =>
  domain.nodes.filter((node) => nodes.includes(node));

/** Where there is one, nothing names it: clients see its export as the root, and events do not say which it is. */
export const hasSeveralDomains = ({ domains }: ClusterShape): boolean => domains.length > 1;

/** What the checkers must know of the cluster. */
export function clusterFacts(shape: ClusterShape): NonNullable<RunEvent['cluster']> {
  const { nodes, leaseMs, graceMs, fenceAfterMs, domains } = shape;
  const facts = { nodes, leaseMs, graceMs, fenceAfterMs };
  return hasSeveralDomains(shape) ? { ...facts, domains } : facts;
}
