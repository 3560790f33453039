import t from 'tap';
import type { Ledger } from '../../../src/core/ledger.ts';
import type { MutantId } from '../../../src/core/mutants.ts';
import { RecordsUnreadableError, StoreUnavailableError } from '../../../src/store/store.ts';
import { client, FakeCluster, type FakeNode } from './fixtures/cluster.ts';

const PATIENCE_MS = 3_000;
const alice = client('alice');

async function cluster(...members: string[]) {
  const cluster = new FakeCluster(...members);
  const nodes = await cluster.start({ storePatienceMs: PATIENCE_MS });
  return { cluster, nodes };
}

t.test(
  'I7, C9: an outage shorter than the patience: nothing is granted, all is kept, and it goes on by itself',
  async (t) => {
    const { cluster: c, nodes } = await cluster('n1', 'n2');
    const [n1] = nodes as [FakeNode, FakeNode];
    await n1.coordinator.completed(alice);
    n1.store.available = false;
    await c.clock.advance(300);
    t.equal(n1.coordinator.newState(), 'grace');
    t.equal(n1.coordinator.reclaim(alice), 'delay', 'it cannot know whether grace runs');
    await c.clock.advance(PATIENCE_MS - 800);
    t.equal(n1.coordinator.newState(), 'grace');
    t.equal(await n1.coordinator.completed(client('bob')), 'unavailable');
    const { store, storeAnswers } = n1.coordinator.status();
    t.equal(storeAnswers, false);
    t.match(store, { answers: false, problem: /cut off/ });
    t.ok(!store.answers && store.sinceMs > 2_000 && store.sinceMs <= 2_500);
    t.ok(n1.saw('store-unavailable'));
    n1.store.available = true;
    await c.clock.advance(100);
    t.equal(n1.coordinator.newState(), 'grant');
    t.same(n1.coordinator.status().store, { answers: true });
    t.ok(n1.saw('store-back'));
    t.equal(c.ledger.members.n1.incarnation, 1);
  },
);

t.test('I7, C9: a longer one: the life gives up, and says why', async (t) => {
  const { cluster: c, nodes } = await cluster('n1', 'n2');
  const [n1, n2] = nodes as [FakeNode, FakeNode];
  await n1.coordinator.completed(alice);
  n1.store.available = false;
  await c.clock.advance(PATIENCE_MS + 1_000);
  t.match(n1.fencedBecause, /^gave up: the ledger has not answered for 3 s \(.*cut off/);
  t.ok(n1.saw('gave-up'));
  t.same(n1.carried.at(-1), []);
  t.equal(n2.coordinator.newState(), 'grace', 'what its clients have is safe: the beacon is out, grace runs');
  const again = await c.boot('n1');
  await c.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'grant');
});

t.test('C9: outages that end in between are not added up', async (t) => {
  const { cluster: c, nodes } = await cluster('n1', 'n2');
  const [n1] = nodes as [FakeNode, FakeNode];
  for (let i = 0; i < 5; i++) {
    n1.store.available = false;
    await c.clock.advance(PATIENCE_MS - 600);
    n1.store.available = true;
    await c.clock.advance(300);
  }
  t.equal(n1.fencedBecause, null);
});

t.test('C9: a store that neither answers nor fails is one that does not answer', async (t) => {
  const { cluster: c, nodes } = await cluster('n1', 'n2');
  const [n1] = nodes as [FakeNode, FakeNode];
  n1.store.read = () => new Promise(() => {});
  await c.clock.advance(1_600);
  t.equal(n1.coordinator.newState(), 'grace');
  t.match(n1.coordinator.status().store, { answers: false, problem: /no answer/ });
  await c.clock.advance(PATIENCE_MS);
  t.match(n1.fencedBecause, /^gave up/);
});

t.test('C8, C9: a process that was stopped itself has not been waiting for the store', async (t) => {
  for (const pending of [false, true]) {
    const { cluster: c, nodes } = await cluster('n1', 'n2');
    const [n1] = nodes as [FakeNode, FakeNode];
    const read = n1.store.read.bind(n1.store);
    let answer = () => {};
    if (pending) n1.store.read = () => new Promise((resolve) => (answer = () => resolve(read())));
    await c.clock.advance(260);
    n1.pause();
    await c.clock.advance(60_000);
    n1.resume();
    n1.store.read = read;
    answer();
    await c.clock.advance(1_000);
    t.equal(n1.fencedBecause, null, `a request on its way: ${pending}`);
    t.equal(n1.coordinator.newState(), 'grant');
  }
});

t.test(
  'C9: a damaged ledger is one that does not answer, and a boot waits until it is repaired',
  async (t) => {
    const { cluster: c, nodes } = await cluster('n1', 'n2');
    const good = c.domain.ledger!;
    c.domain.ledger = { ...good, text: '{"view":' };
    await c.clock.advance(PATIENCE_MS + 1_000);
    for (const { fencedBecause } of nodes) t.match(fencedBecause, /gave up.*cannot be read/);
    const again = c.begin('n1');
    await c.clock.advance(30_000);
    t.equal(again.bootFailure, null);
    t.equal(again.coordinator, undefined);
    t.match(again.waitedFor, [/cannot be read/], 'told, once');
    c.domain.ledger = good;
    await c.clock.advance(500);
    t.equal(again.coordinator.incarnation, 2);
  },
);

t.test('C8, C9: nor while the store was away, which is back when it goes on', async (t) => {
  const { cluster: c, nodes } = await cluster('n1', 'n2');
  const [n1] = nodes as [FakeNode, FakeNode];
  n1.store.available = false;
  await c.clock.advance(1_000);
  n1.pause();
  await c.clock.advance(60_000);
  n1.store.available = true;
  n1.resume();
  await c.clock.advance(500);
  t.equal(n1.fencedBecause, null);
  t.equal(n1.coordinator.newState(), 'grant');
});

t.test('C9: a boot waits for a store that does not answer, however long that takes', async (t) => {
  const c = new FakeCluster('n1');
  const n1 = c.begin('n1');
  n1.store.available = false;
  await c.clock.advance(600_000);
  t.equal(n1.bootFailure, null);
  t.match(n1.waitedFor, [/cut off/]);
  n1.store.available = true;
  await c.clock.advance(500);
  t.equal(n1.coordinator.newState(), 'grant');
});

t.test('a boot whose store says nothing at all tells so', async (t) => {
  const c = new FakeCluster('n1');
  const n1 = c.begin('n1', {
    throughStore: (store) => Object.assign(store, { read: () => new Promise(() => {}) }),
  });
  await c.clock.advance(5_000);
  t.same(n1.waitedFor, ['the store has not answered yet']);
});

t.test('a swap of a boot that may have happened: the node finds itself booted, once', async (t) => {
  const c = new FakeCluster('n1', 'n2');
  await c.start();
  for (const how of ['unknown', 'rejected'] as const) {
    c.nodes.findLast(({ name }) => name === 'n1')!.crash();
    const before = c.ledger.members.n1.incarnation;
    const n1 = await c.boot('n1', {
      throughStore: (store) => {
        const swap = store.swap.bind(store);
        let lost = false;
        return Object.assign(store, {
          swap: async (...write: Parameters<typeof swap>) => {
            const outcome = await swap(...write);
            if (lost) return outcome;
            lost = true;
            store.available = how === 'unknown';
            c.clock.after(200, () => {
              store.available = true;
            });
            if (how === 'unknown') return { outcome: 'unknown' as const };
            return store.swap(...write);
          },
        });
      },
    });
    t.equal(n1.coordinator.incarnation, before + 1, how);
    await c.clock.advance(2_000);
    t.equal(n1.coordinator.newState(), 'grant', how);
  }
});

t.test(
  'a swap that nobody answered, and that was done, is told when the ledger shows it, once',
  async (t) => {
    let outcome: 'done' | 'not done' | null = null;
    let concerns = (_: Ledger): boolean => true;
    const c = new FakeCluster('n1', 'n2');
    const [n1, n2] = await c.start({
      throughStore: (store) => {
        const swap = store.swap.bind(store);
        return Object.assign(store, {
          swap: async (...write: Parameters<typeof swap>) => {
            const how = concerns(write[1]) ? outcome : null;
            if (how === null) return swap(...write);
            outcome = null;
            if (how === 'done') await swap(...write);
            return { outcome: 'unknown' as const };
          },
        });
      },
    });
    const told = (node: FakeNode, command: string) => node.swaps.filter((each) => each === command).length;
    outcome = 'done';
    n2!.crash();
    await c.clock.advance(100);
    t.equal(told(n1!, 'report-death'), 1);
    // After the lift there is nothing left to swap.
    outcome = 'done';
    concerns = ({ recoveryEpoch }) => recoveryEpoch === null;
    const again = await c.boot('n2');
    await c.clock.advance(3_000);
    t.same([outcome, c.ledger.recoveryEpoch], [null, null]);
    t.equal(told(again, 'finish'), 1);
    outcome = 'not done';
    concerns = () => true;
    again.crash();
    await c.clock.advance(100);
    t.equal(told(n1!, 'report-death'), 2, 'when it was done, and not before');
  },
);

t.test('I1: a ledger that vanished is not made anew beside living nodes', async (t) => {
  const { cluster: c, nodes } = await cluster('n1', 'n2', 'n3');
  const [n1, n2, n3] = nodes as [FakeNode, FakeNode, FakeNode];
  n1.crash();
  c.domain.ledger = null;
  const again = c.begin('n1');
  await c.clock.advance(1_000);
  t.equal(c.domain.ledger, null);
  t.match(again.waitedFor, [/ledger is gone and nodes of this domain are still alive/]);
  t.same(
    [n2, n3].map(({ coordinator }) => coordinator.newState()),
    ['grace', 'grace'],
  );
  await c.clock.advance(PATIENCE_MS);
  for (const { fencedBecause } of [n2, n3]) t.match(fencedBecause, /gave up.*the ledger is gone/);
  await c.clock.advance(2_000);
  t.equal(again.coordinator.newState(), 'grant', 'the last beacon is out: the domain begins anew');
  t.equal(again.coordinator.incarnation, 1);
});

t.test('C9: all nodes lose the ledger for good, end, and come back without a crash loop', async (t) => {
  const { cluster: c, nodes } = await cluster('n1', 'n2', 'n3');
  for (const { store } of nodes) store.available = false;
  await c.clock.advance(PATIENCE_MS + 1_000);
  const again = ['n1', 'n2', 'n3'].map((name) => {
    const node = c.begin(name);
    node.store.available = false;
    return node;
  });
  await c.clock.advance(60_000);
  for (const node of again) {
    t.equal(node.bootFailure, null);
    node.store.available = true;
  }
  await c.clock.advance(5_000);
  t.same(c.granting(), ['n1', 'n2', 'n3']);
});

t.test('I4: what a lost ledger’s life of the same number recorded entitles nobody', async (t) => {
  const c = new FakeCluster('n1', 'n2');
  const nodes = await c.start();
  await nodes[0]!.coordinator.completed(alice);
  const { epoch } = c.ledger;
  for (const node of nodes) node.crash();
  c.domain.ledger = null;
  await c.start();
  t.equal(c.ledger.epoch, epoch, 'the numbers are those of the lost one');
  c.nodes.findLast(({ name }) => name === 'n1')!.crash();
  const again = await c.boot('n1');
  await c.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'no-grace');
});

t.test('row 20: records that cannot be read give nobody a claim, and the operator is told', async (t) => {
  const { cluster: c, nodes } = await cluster('n1', 'n2');
  await nodes[0]!.coordinator.completed(alice);
  nodes[0]!.crash();
  const again = await c.boot('n1', {
    throughStore: (store) =>
      Object.assign(store, {
        records: () => Promise.reject(new RecordsUnreadableError('the records of n1 are damaged')),
      }),
  });
  await c.clock.advance(100);
  t.equal(again.coordinator.reclaim(alice), 'no-grace');
  t.equal(again.coordinator.newState(), 'grant', 'nobody is waited for');
  t.match(again.coordinator.status().unreadableRecords, /damaged; none of the clients of n1 may reclaim/);
  t.match(
    again.events.find(({ event }) => event === 'store-unavailable'),
    { detail: /damaged/ },
  );
  t.equal(again.fencedBecause, null);
});

t.test('D7: a client whose record cannot be written is told so, in grace and out of it', async (t) => {
  for (const mutants of [[], ['D7']] as MutantId[][]) {
    const c = new FakeCluster('n1');
    const [n1] = (await c.start({ mutants })) as [FakeNode];
    const { putRecords } = n1.store;
    n1.store.putRecords = () => Promise.reject(new StoreUnavailableError('the store is full'));
    const answer = mutants.length === 0 ? 'unavailable' : 'durable';
    t.equal(await n1.coordinator.completed(alice), answer);
    await c.clock.advance(300);
    t.equal(await n1.coordinator.recorded(alice), answer);
    t.strictSame(c.recorded(), {});
    t.ok(n1.saw('store-unavailable'), 'and the operator knows');
    n1.store.putRecords = putRecords;
    await c.clock.advance(300);
    t.equal(await n1.coordinator.completed(client('bob')), 'durable');
  }
});

t.test(
  'I7, C9: a store that can be read and not written holds up whoever has to write, and nobody else',
  async (t) => {
    const { cluster: c, nodes } = await cluster('n1', 'n2');
    const [n1, n2] = nodes as [FakeNode, FakeNode];
    await n1.coordinator.completed(alice);
    for (const { store } of nodes) {
      const full = () => Promise.reject(new StoreUnavailableError('the store is full'));
      Object.assign(store, { swap: full, putRecords: full, removeRecords: full });
    }
    t.equal(await n1.coordinator.completed(client('bob')), 'unavailable');
    await c.clock.advance(2 * PATIENCE_MS);
    t.equal(n1.fencedBecause, null, 'nothing is to be written: it goes on');
    t.equal(n1.coordinator.newState(), 'grant');
    n2.crash();
    t.equal(n1.coordinator.confirmNewState(), 'grace', 'the beacon needs no ledger');
    await c.clock.advance(PATIENCE_MS - 500);
    t.equal(n1.coordinator.newState(), 'grace', 'the death cannot be reported');
    await c.clock.advance(1_000);
    t.match(n1.fencedBecause, /^gave up: the ledger has not answered for 3 s \(the store is full\)/);
  },
);
