import { outage } from './outage.ts';

export const kill = outage(
  'kill',
  'every process is killed while the network is up: the peers see their connections end',
  (node) => node.kill(),
);
