import type { Colours } from '../terminal.ts';
import type { LabStatus } from './control.ts';

const seconds = (ms: number): string => `${ms / 1000} s`;

function phase(node: LabStatus['nodes'][number], colours: Colours): string {
  if (!node.running) return colours.red('down');
  if (!node.serving) return colours.yellow('booting');
  if (node.node === null) return colours.yellow('silent');
  return node.node.recoveryEpoch === null ? colours.green('serving') : colours.yellow('in grace');
}

/** The cluster as a table for a person. */
export function statusText(status: LabStatus, colours: Colours): string {
  const containers = [...status.nodes, ...status.clients];
  const width = Math.max(...containers.map(({ name }) => name.length));
  const rows = status.nodes.map((node) => {
    const seen = node.node ?? {};
    const details = ['incarnation', 'view', 'epoch']
      .filter((key) => key in seen)
      .map((key) => `${key} ${seen[key]}`);
    return `  ${node.name.padEnd(width)}  ${node.address.padEnd(12)} ${phase(node, colours)}  ${colours.dim(details.join(', '))}`;
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
