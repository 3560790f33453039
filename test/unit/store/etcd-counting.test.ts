import t from 'tap';
import { transactionCount } from '../../../src/store/transaction-count.ts';
import { fence, found, record, scope } from './fixtures/domain.ts';
import { EtcdDomains } from './fixtures/etcd-domain.ts';
import { realClock } from './fixtures/real-clock.ts';

const domains = await EtcdDomains.start(t);

t.test(
  'etcd’s own count grows by one with each transaction that changed something, and with nothing else',
  async (t) => {
    const spec = { kind: 'etcd', endpoints: [domains.etcd.url], prefix: domains.fresh() } as const;
    const count = () => transactionCount(spec, realClock);
    const store = await found(domains.open());
    const { revision, ledger } = (await store.read())!;
    const begin = await count();
    await store.read();
    t.equal((await store.swap(revision - 1, ledger)).outcome, 'lost');
    t.equal(await count(), begin, 'reading, losing and counting');
    t.equal((await store.swap(revision, ledger)).outcome, 'swapped');
    t.equal(await count(), begin + 1, 'a swap');
    await store.putRecords(fence, scope, ['a', 'b', 'c'].map(record));
    t.equal(await count(), begin + 2, 'three records at once');
  },
);
