/** What a schema cannot say of who is in a cluster; lab files have it, too. */

import { NODE_NAME } from '../../core/ledger-text.ts';
import { LEDGER_WORDS, roleWord, TARGET_WORDS } from '../../faults/targets.ts';
import { OPERATOR } from '../../history/events.ts';
import { storeMembersOf } from '../cluster-shape.ts';
import type { ClusterShape, ScenarioClient, ScenarioProgram } from '../scenario.ts';
import { namesProblem } from './names-problem.ts';
import type { Path, Problem } from './problems.ts';

/**
 * @param clusterAt where the file describes its cluster
 * @returns what is wrong with the names of nodes, domains and clients, and with where the clients mount
 */
export function memberProblems(
  cluster: ClusterShape,
  clients: readonly ScenarioClient[],
  clusterAt: Path,
  programs: readonly ScenarioProgram[] = [],
): Problem[] {
  const stores = storeMembersOf(cluster);
  const all = [...cluster.nodes, ...cluster.spares];
  const wrong = (path: Path, text: string): Problem[] => [{ path, atKey: false, text }];
  const twice = all.find((node, index) => all.indexOf(node) !== index);
  if (twice !== undefined)
    return wrong(
      [...clusterAt, cluster.nodes.includes(twice) && cluster.spares.includes(twice) ? 'spares' : 'nodes'],
      `two nodes are called "${twice}"`,
    );
  const reserved = all.find((node) => !NODE_NAME.test(node) || isWord(node));
  if (reserved !== undefined) {
    const at = cluster.nodes.includes(reserved) ? 'nodes' : 'spares';
    return wrong([...clusterAt, at], `no node can be called "${reserved}"; give it another name`);
  }
  const taken = all.find((node) => stores.includes(node));
  if (taken !== undefined)
    return wrong(
      [...clusterAt, 'nodes'],
      `"${taken}" is a member of the ledger's etcd; a node needs another name`,
    );
  return [
    ...domainProblems(cluster, clusterAt),
    ...clientProblems(all, stores, clients),
    ...programProblems(all, stores, clients, programs),
  ];
}

/** A local program runs on a node, and nobody else has its name. */
function programProblems(
  nodes: readonly string[],
  stores: readonly string[],
  clients: readonly ScenarioClient[],
  programs: readonly ScenarioProgram[],
): Problem[] {
  const others = [...nodes, ...stores, ...clients.map(({ name }) => name)];
  return programs.flatMap(({ name, node }) => {
    const path = ['programs', name];
    if (others.includes(name) || isWord(name))
      return [{ path, atKey: true, text: `no local program can be called "${name}"; give it another name` }];
    return namesProblem(path, 'node', [node], nodes);
  });
}

/** What faults and commands mean something else by, or the kernel: the container of that name could not be told from it, or not be made. */
const WORDS: readonly string[] = [...TARGET_WORDS, ...LEDGER_WORDS, OPERATOR, 'lab', 'default', 'lo'];
const isWord = (name: string): boolean =>
  WORDS.includes(name) || name.startsWith('lab-') || roleWord(name) !== null;

function clientProblems(
  nodes: readonly string[],
  stores: readonly string[],
  clients: readonly ScenarioClient[],
): Problem[] {
  return clients.flatMap((client) => {
    if (isWord(client.name)) {
      const text = `no client can be called "${client.name}"; give it another name`;
      return [{ path: ['clients', client.name], atKey: true, text }];
    }
    const is = nodes.includes(client.name) ? 'a node' : "a member of the ledger's etcd";
    return nodes.includes(client.name) || stores.includes(client.name)
      ? [
          {
            path: ['clients', client.name],
            atKey: true,
            text: `"${client.name}" is ${is} already; a client needs another name`,
          },
        ]
      : namesProblem(['clients', client.name], 'node', [client.node], nodes);
  });
}

function domainProblems({ domains, nodes, spares, failoverMs }: ClusterShape, clusterAt: Path): Problem[] {
  const path = [...clusterAt, 'domains'];
  const wrong = (at: Path, text: string): Problem[] => [{ path: at, atKey: false, text }];
  const all = [...nodes, ...spares];
  for (const domain of domains) {
    const at = [...path, domain.name];
    const unknownNode = namesProblem(at, 'node', domain.nodes, all);
    if (unknownNode.length > 0) return unknownNode;
    const twice = domain.nodes.find((node, index) => domain.nodes.indexOf(node) !== index);
    if (twice !== undefined) return wrong(at, `"${twice}" stands twice in the domain "${domain.name}"`);
    if (!domain.nodes.some((node) => nodes.includes(node)))
      return wrong(
        at,
        `the domain "${domain.name}" has no member to begin with; one of its nodes must be no spare`,
      );
  }
  const idle = all.find((node) => !domains.some((domain) => domain.nodes.includes(node)));
  if (idle !== undefined) return wrong(path, `${idle} is in no lock domain; add it to one, or leave it out`);
  if (domains.length > 1 && failoverMs !== null)
    return wrong(
      [...clusterAt, 'failover'],
      'a node has one address for all of its domains, so with several of them it cannot move to an heir; leave "failover" out',
    );
  return [];
}
