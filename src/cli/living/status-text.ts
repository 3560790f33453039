import { inGrace } from '../../core/ledger.ts';
import { counted } from '../../scenario/format/words.ts';
import type { CoordinatorStatus } from '../../server/coordinator.ts';
import type { Colours } from '../terminal.ts';
import type { LabNodeStatus, LabStatus, NodeStatus, StoreMemberStatus } from './control.ts';

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(ms < 10_000 ? 1 : 0))} s`;
const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** The coordinators of a node: one for each of its lock domains. */
const coordinatorsOf = (node: NodeStatus): readonly CoordinatorStatus[] =>
  node.domains === undefined ? [node] : Object.values(node.domains);

function phase(
  { running, paused, serving, spare, waitingFor, node }: LabNodeStatus,
  colours: Colours,
): string {
  if (!running) return spare ? colours.dim('spare') : colours.red('down');
  if (paused) return colours.yellow('paused');
  if (!serving) return colours.yellow(waitingFor === null ? 'booting' : `booting: ${waitingFor}`);
  if (node === null) return colours.yellow('silent');
  const coordinators = coordinatorsOf(node);
  if (coordinators.some(({ storeAnswers }) => !storeAnswers)) return colours.red('no ledger');
  if (coordinators.some(({ ledger }) => inGrace(ledger))) return colours.yellow('in grace');
  return coordinators.some(({ enforcing }) => enforcing)
    ? colours.yellow('refusing')
    : colours.green('serving');
}

function facts(node: NodeStatus): string {
  const views = ({ incarnation, ledger }: CoordinatorStatus): string =>
    `incarnation ${incarnation}, view ${ledger.view}, epoch ${ledger.epoch}`;
  const domains =
    node.domains === undefined
      ? [views(node)]
      : Object.entries(node.domains).map(([name, status]) => `${name}: ${views(status)};`);
  const locks = node.clients.reduce((sum, client) => sum + client.locks, 0);
  const delegations = node.clients.reduce((sum, client) => sum + client.delegations, 0);
  const delegated = delegations === 0 ? '' : `, ${counted(delegations, 'delegation')}`;
  const held = `${counted(node.clients.length, 'client')}, ${counted(locks, 'lock')}${delegated}`;
  return node.domains === undefined ? `${domains.join('')}, ${held}` : `${domains.join(' ')} ${held}`;
}

/** What a reader should know of a node beyond its line; a sentence each. */
function newsOf({ name, node }: LabNodeStatus, addresses: ReadonlyMap<string, string>): string[] {
  if (node === null) return [];
  const domains = node.domains === undefined ? [null] : Object.keys(node.domains);
  return coordinatorsOf(node).flatMap((status, index) => [
    ...storeNews(name, status),
    ...(status.standing === 'suspect'
      ? [`${name} is suspected dead: it grants nothing, and boots again.`]
      : []),
    ...status.carriedAddresses
      .filter((owner) => owner !== name)
      .map((owner) =>
        domains[index] === null
          ? `The address of ${owner} (${addresses.get(owner)}) leads to ${name}.`
          : `${name} serves ${domains[index]} in place of ${owner}.`,
      ),
    ...status.fencing.map(({ node: peer, incarnation, heldUpMs, failure }) =>
      failure === null
        ? `${name} makes sure that incarnation ${incarnation} of ${peer} is over, which has held grace up for ${seconds(heldUpMs)}.`
        : `${name} could not make sure that incarnation ${incarnation} of ${peer} is over: ${failure.replace(/\.?$/, '.')}`,
    ),
    ...(status.unreadableRecords === null ? [] : [status.unreadableRecords]),
  ]);
}

function storeNews(name: string, { store }: CoordinatorStatus): string[] {
  if (store.answers) return [];
  return [
    `${name} has not reached its ledger for ${seconds(store.sinceMs)} (${store.problem}): what its clients hold stays theirs, and it grants nothing new.`,
  ];
}

function suspectsIn({ nodes }: LabStatus): string[] {
  const ledgers = nodes
    .flatMap(({ node }) => (node === null ? [] : coordinatorsOf(node)))
    .map((one) => one.ledger);
  const suspects = new Set(
    ledgers.flatMap((ledger) =>
      Object.entries(ledger.members).flatMap(([name, { state }]) => (state === 'suspect' ? [name] : [])),
    ),
  );
  return [...suspects].map((name) => `${name} is suspected dead, and nobody has made sure of it yet.`);
}

const storePhase = ({ running, paused }: StoreMemberStatus, colours: Colours): string =>
  running ? (paused ? colours.yellow('paused') : colours.green('up')) : colours.red('down');

/** The cluster as a table for a person. */
export function statusText(status: LabStatus, colours: Colours): string {
  const containers = [...status.nodes, ...status.stores, ...status.clients];
  const width = Math.max(...containers.map(({ name }) => name.length));
  const line = (name: string, address: string, rest: string): string =>
    `  ${name.padEnd(width)}  ${address.padEnd(12)} ${rest}`;
  const addresses = new Map(status.nodes.map(({ name, serviceAddress }) => [name, serviceAddress]));
  const rows = status.nodes.map((node) => {
    const row = line(node.name, node.serviceAddress, phase(node, colours));
    return node.node === null ? row : `${row}  ${colours.dim(facts(node.node))}`;
  });
  const stores = status.stores.map((member) =>
    line(
      member.name,
      member.address,
      `${storePhase(member, colours)}  ${colours.dim('member of the ledger')}`,
    ),
  );
  const clients = status.clients.map((client) =>
    line(client.name, client.address, `client of ${client.node}`),
  );
  const cuts = status.cuts.map(
    ({ targets, from, direction }) =>
      `${list(targets)} ${targets.length === 1 ? 'is' : 'are'} cut off from ${list(from)}${direction === 'both' ? '' : ' (one way)'}; end it with \`gracelab fault heal ${targets.join(' ')}\`.`,
  );
  const inForce = (status.disturbances ?? []).map(
    ({ fault, targets }) =>
      `The fault ${fault} is in force on ${list(targets)}; end it with \`gracelab fault heal ${targets.join(' ')}\`.`,
  );
  const nodeNews = status.nodes.flatMap((node) => newsOf(node, addresses));
  const news = [...suspectsIn(status), ...nodeNews, ...cuts, ...inForce];
  return [
    `${colours.bold(status.name)}: up since ${status.upSince}, lease ${seconds(status.leaseMs)}, grace ${seconds(status.graceMs)}${status.store === 'etcd' ? ', ledger in etcd' : ''}`,
    ...rows,
    ...stores,
    ...clients,
    ...[...new Set(news)].map((sentence) => colours.yellow(sentence)),
    ...(status.trouble === null ? [] : [colours.red(status.trouble)]),
  ].join('\n');
}
