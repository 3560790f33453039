import { inGrace } from '../../core/ledger.ts';
import type { Colours } from '../terminal.ts';
import type { LabNodeStatus, LabStatus } from './control.ts';

const seconds = (ms: number): string => `${ms / 1000} s`;
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function phase({ running, paused, serving, node }: LabNodeStatus, colours: Colours): string {
  if (!running) return colours.red('down');
  if (paused) return colours.yellow('paused');
  if (!serving) return colours.yellow('booting');
  if (node === null) return colours.yellow('silent');
  if (inGrace(node.ledger)) return colours.yellow('in grace');
  return node.enforcing ? colours.yellow('refusing') : colours.green('serving');
}

function facts({ node }: LabNodeStatus): string {
  if (node === null) return '';
  const { incarnation, ledger, clients } = node;
  const locks = clients.reduce((sum, client) => sum + client.locks, 0);
  return `incarnation ${incarnation}, view ${ledger.view}, epoch ${ledger.epoch}, ${counted(clients.length, 'client')}, ${counted(locks, 'lock')}`;
}

/** The cluster as a table for a person. */
export function statusText(status: LabStatus, colours: Colours): string {
  const containers = [...status.nodes, ...status.clients];
  const width = Math.max(...containers.map(({ name }) => name.length));
  const rows = status.nodes.map((node) => {
    const line = `  ${node.name.padEnd(width)}  ${node.address.padEnd(12)} ${phase(node, colours)}`;
    return node.node === null ? line : `${line}  ${colours.dim(facts(node))}`;
  });
  const clients = status.clients.map(
    (client) => `  ${client.name.padEnd(width)}  ${client.address.padEnd(12)} client of ${client.node}`,
  );
  return [
    `${colours.bold(status.name)}: up since ${status.upSince}, lease ${seconds(status.leaseMs)}, grace ${seconds(status.graceMs)}`,
    ...rows,
    ...clients,
    ...(status.trouble === null ? [] : [colours.red(status.trouble)]),
  ].join('\n');
}
