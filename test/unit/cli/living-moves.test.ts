/** What `gracelab fault migrate` refuses, seen from the lab that it is asked of. */
import t from 'tap';
import { moveInLab } from '../../../src/cli/living/living-moves.ts';
import type { Cluster } from '../../../src/scenario/cluster.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

/** Three nodes of one lock domain. */
const cluster = {
  nodes: [{ name: 'n1' }, { name: 'n2' }, { name: 'n3' }],
  domainsOf: () => [{ domain: 'main' }],
  labelOf: () => ({}),
} as unknown as Cluster;

t.test('one address moves at a time, and a word too many is not passed over', async (t) => {
  for (const kind of ['migrate', 'failback'])
    await t.rejects(moveInLab(cluster, new VirtualClock(), kind, ['n1', 'n2', 'n3']), {
      message: 'one address moves at a time; `n3` says nothing here, leave it out',
    });
});
