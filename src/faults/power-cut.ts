import { outage } from './outage.ts';

export const powerCut = outage(
  'power-cut',
  'the network goes silent at once, then every process dies: no peer sees a connection end',
  (node) => node.powerCut(),
);
