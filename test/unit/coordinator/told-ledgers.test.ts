/** What a node concludes from ledgers that its store tells it, and what it does not. */
import t from 'tap';
import { barrierReached, inGrace } from '../../../src/core/ledger.ts';
import type { DomainStore, StoredLedger } from '../../../src/store/store.ts';
import { client, FakeCluster } from './fixtures/cluster.ts';
import { BusyServer, telling } from './fixtures/telling-store.ts';

const SIXTEEN = Array.from({ length: 16 }, (_, i) => `n${String(i + 1).padStart(2, '0')}`);

t.test(
  'cost: on a store that tells, a grace of N nodes takes N swaps and few more, and a few reads for each',
  async (t) => {
    const cluster = new FakeCluster(...SIXTEEN);
    const server = new BusyServer(cluster.clock, { answerMs: 1 });
    const tell = telling(cluster.domain, cluster.clock, { lateMs: 1 });
    cluster.options = { throughStore: (store) => tell(server.through(store, { readMs: 1, swapMs: 3 })) };
    for (const name of SIXTEEN) cluster.begin(name);
    await cluster.clock.advance(3_000);
    t.same(cluster.granting(), SIXTEEN);
    const { swaps, reads } = server.done;
    cluster.nodes[0]!.crash();
    for (let ms = 0; ms < 300 && !(inGrace(cluster.ledger) && barrierReached(cluster.ledger)); ms += 1)
      await cluster.clock.advance(1);
    t.ok(inGrace(cluster.ledger) && barrierReached(cluster.ledger), 'the barrier');
    // Each node that reads after each change would make 16 times 16 of it.
    t.ok(server.done.swaps - swaps <= 2 * 16, `${server.done.swaps - swaps} swaps`);
    t.ok(server.done.reads - reads <= 4 * 16, `${server.done.reads - reads} reads`);
  },
);

t.test('I3: a told ledger that is older than the known one is not believed', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  // Slower than any read: whatever is told is old.
  cluster.options = { throughStore: telling(cluster.domain, cluster.clock, { lateMs: 400 }) };
  for (const name of ['n1', 'n2', 'n3']) cluster.begin(name);
  const [n1, n2] = cluster.nodes;
  while (cluster.granting().length < 3) await cluster.clock.advance(10);
  await n1!.coordinator.completed(client('alice'));
  // Word of the lift is still under way.
  n1!.crash();
  await cluster.clock.advance(100);
  t.ok(inGrace(n2!.coordinator.status().ledger));
  n2!.events.length = 0;
  await cluster.clock.advance(1_000);
  t.notOk(n2!.saw('lifted'), 'nobody has lifted this grace');
  t.equal(n2!.coordinator.newState(), 'grace');
});

t.test('after a swap of unknown outcome the store is read before anything else', async (t) => {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const asked: string[] = [];
  const tell = telling(cluster.domain, cluster.clock, { lateMs: 1 });
  const noting = (store: DomainStore): DomainStore => {
    const [read, swap] = [store.read.bind(store), store.swap.bind(store)];
    return Object.assign(store, {
      read: () => {
        asked.push('read');
        return read();
      },
      swap: async (...wanted: Parameters<typeof swap>) => {
        const outcome = await swap(...wanted);
        asked.push(outcome.outcome);
        return outcome;
      },
    });
  };
  await cluster.boot('n1');
  const n2 = await cluster.boot('n2', { throughStore: (store) => noting(tell(store)) });
  const n3 = await cluster.boot('n3');
  await cluster.clock.advance(2_000);
  asked.length = 0;
  n2.store.losesNextAnswer = true;
  n3.crash();
  await cluster.clock.advance(200);
  const unknown = asked.indexOf('unknown');
  t.ok(unknown >= 0, asked.join(' '));
  t.equal(asked[unknown + 1], 'read');
});

t.test(
  'C8, I7: ledgers that are told make no knowledge fresh: a store that does not answer reads grants nothing',
  async (t) => {
    const cluster = new FakeCluster('n1', 'n2');
    let answers = true;
    const tell = telling(cluster.domain, cluster.clock, { lateMs: 1 });
    const deaf = (store: DomainStore): DomainStore => {
      const read = store.read.bind(store);
      return Object.assign(store, {
        read: () => (answers ? read() : new Promise<StoredLedger | null>(() => {})),
      });
    };
    const n1 = await cluster.boot('n1', { throughStore: (store) => deaf(tell(store)) });
    const n2 = await cluster.boot('n2');
    await cluster.clock.advance(2_000);
    t.same(cluster.granting(), ['n1', 'n2']);
    answers = false;
    for (let i = 0; i < 15; i += 1) {
      // Something is told again and again.
      const stored = (await n2.store.read())!;
      await n2.store.swap(stored.revision, stored.ledger);
      await cluster.clock.advance(100);
    }
    t.equal(n1.coordinator.newState(), 'grace');
  },
);
