import t from 'tap';
import type { DomainStore } from '../../../src/store/store.ts';
import { FakeCluster } from './fixtures/cluster.ts';

t.test('cost: a death is reported with nothing read before', async (t) => {
  const cluster = new FakeCluster('n1', 'n2');
  const asked: string[] = [];
  const [n1, n2] = await cluster.start({
    throughStore: (store): DomainStore => {
      const [read, swap] = [store.read.bind(store), store.swap.bind(store)];
      return Object.assign(store, {
        read: () => {
          asked.push('read');
          return read();
        },
        swap: (...wanted: Parameters<typeof swap>) => {
          asked.push('swap');
          return swap(...wanted);
        },
      });
    },
  });
  n1!.crash();
  while (!n2!.saw('beacon-missing')) {
    asked.length = 0;
    await cluster.clock.advance(1);
  }
  t.equal(asked[0], 'swap');
  t.ok(n2!.swaps.includes('report-death'));
});
