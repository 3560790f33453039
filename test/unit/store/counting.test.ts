/** How a store is used, by its user's count and by its own. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { CountedStore, NO_USE } from '../../../src/store/counted.ts';
import { MemoryDomain } from '../../../src/store/memory.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import { type DomainStore, StoreUnavailableError } from '../../../src/store/store.ts';
import { transactionCount } from '../../../src/store/transaction-count.ts';
import { booted, empty, fence, found, record, scope } from './fixtures/domain.ts';
import { realClock } from './fixtures/real-clock.ts';

t.test('a counted store tells what its swaps came to, and how many records were written', async (t) => {
  const inner = new MemoryDomain().open(new VirtualClock());
  const store = new CountedStore(inner);
  t.same(store.use, NO_USE);
  await found(store);
  const { revision, ledger } = (await store.read())!;
  await store.swap(null, empty());
  t.match(store.use, { swapped: 1, lost: 1 });
  inner.losesNextAnswer = true;
  await store.swap(revision, booted(ledger, 2));
  t.match(store.use, { swapped: 1, lost: 1, unknown: 1, failed: 0, recordWrites: 0 });
  await store.putRecords(fence, scope, [record('alice'), record('bob')]);
  await store.removeRecords(fence, scope, [record('alice')]);
  await store.collectGarbage(fence);
  t.match(store.use, { recordWrites: 3, records: 2 });
  inner.available = false;
  await t.rejects(store.swap(revision, ledger), StoreUnavailableError);
  t.match(store.use, { failed: 1, lost: 1 });
});

t.test(
  'SQLite’s own count grows by one with each transaction that changed something, and with nothing else',
  async (t) => {
    const path = join(t.testdir({}), 'ledger.sqlite');
    await using store: DomainStore = SqliteStore.open({ path, clock: realClock });
    await found(store);
    const { revision, ledger } = (await store.read())!;
    let before = countOf(path);
    const grown = () => {
      const now = countOf(path);
      const difference = now - before;
      before = now;
      return difference;
    };
    await store.read();
    await store.swap(revision - 1, ledger);
    t.equal(grown(), 0, 'reading and losing');
    await store.swap(revision, ledger);
    t.equal(grown(), 1, 'a swap');
    await store.putRecords(fence, scope, ['a', 'b', 'c'].map(record));
    t.equal(grown(), 1, 'three records at once');
    await store.removeRecords(fence, scope, [record('nobody')]);
    t.equal(grown(), 0, 'a removal of nothing');
    for (let i = 0; i < 50; i += 1) await store.putRecords(fence, scope, [record(`c${i}`)]);
    t.equal(grown(), 50);
  },
);

t.test('a store that is not there has no count', async (t) => {
  const path = join(t.testdir({}), 'ledger.sqlite');
  await t.rejects(transactionCount({ kind: 'sqlite', path }, realClock), StoreUnavailableError);
  const endpoints = ['http://127.0.0.1:9'];
  await t.rejects(
    transactionCount({ kind: 'etcd', endpoints, prefix: '/test' }, realClock),
    StoreUnavailableError,
  );
});

/** Asked by another process, as it has to be. */
function countOf(path: string): number {
  const program = new URL('./programs/count-transactions.ts', import.meta.url).pathname;
  const argv = ['--disable-warning=ExperimentalWarning', program, path];
  return Number(execFileSync(process.execPath, argv, { encoding: 'utf8' }));
}
