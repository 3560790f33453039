import { outage } from './outage.ts';

export const restart = outage(
  'restart',
  'a planned restart: the node leaves the cluster by the book, ends, and boots again',
  (node) => node.stop(),
);
