/** From a {@link Scenario} back to a file that a person can read and `gracelab run` takes: loading what this writes gives an equal scenario. */
import { stringify } from 'yaml';
import type { ClusterShape, Scenario } from '../scenario.ts';
import { defaultChecks } from './document.ts';
import { writtenStep } from './write-steps.ts';

const COLUMNS = 120;

export function writeScenario(scenario: Scenario): string {
  const { name, title, about, rows, cluster, clients, programs, steps, expect, deadlineMs } = scenario;
  return stringify(
    {
      name,
      title,
      ...(about !== '' && { about }),
      ...(rows.length > 0 && { rows }),
      cluster: writtenCluster(cluster),
      clients: Object.fromEntries(clients.map((client) => [client.name, client.node])),
      ...(programs && { programs: Object.fromEntries(programs.map(({ name, node }) => [name, node])) }),
      steps: steps.map(writtenStep),
      expect: writtenExpectations(expect, defaultChecks(programs)),
      deadline: `${deadlineMs}ms`,
    },
    // An alias would save lines and cost a reader the sense; equal lists are written out.
    { lineWidth: COLUMNS, aliasDuplicateObjects: false },
  );
}

const orOff = (ms: number | null): string => (ms === null ? 'off' : `${ms}ms`);

/** Everything, whether it is what is taken when nothing is said or not: the cluster of this file is the same for good. */
function writtenCluster(cluster: ClusterShape): object {
  const { nodes, spares, leaseMs, graceMs, store, domains, failoverMs, fenceAfterMs, afterFence } = cluster;
  const { storePatienceMs, delegations } = cluster;
  return {
    nodes,
    ...(spares.length > 0 && { spares }),
    lease: `${leaseMs}ms`,
    grace: `${graceMs}ms`,
    store,
    ...(!isTheOnlyDomain(cluster) && {
      domains: Object.fromEntries(domains.map((domain) => [domain.name, domain.nodes])),
    }),
    ...(cluster.failbackMs !== undefined && { failback: orOff(cluster.failbackMs) }),
    failover: orOff(failoverMs),
    'fence-after': orOff(fenceAfterMs),
    'after-fence': afterFence,
    'store-patience': `${storePatienceMs}ms`,
    ...(delegations === false && { delegations: 'off' }),
    ...(cluster.gate && { gate: true }),
    ...(cluster.beaconProvesDeath === false && { 'beacon-proves-death': false }),
  };
}

/** The one that nobody needs to name. */
function isTheOnlyDomain({ domains, nodes, spares }: ClusterShape): boolean {
  const [only, ...others] = domains;
  return (
    others.length === 0 && only?.name === 'main' && only.nodes.join(' ') === [...nodes, ...spares].join(' ')
  );
}

function writtenExpectations({ checks, coverage }: Scenario['expect'], usual: readonly string[]): object {
  const all = checks.length === usual.length && usual.every((name, at) => checks[at] === name);
  return {
    ...(!all && { checks }),
    ...(Object.keys(coverage).length > 0 && { coverage }),
  };
}
