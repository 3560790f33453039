/** Rows 29 and 30: what moves is the filesystem, and its clients come to the node that serves it by that node's own address. */
import t from 'tap';
import { asNodeId, type NodeId } from '../../../src/core/ids.ts';
import type { Ledger } from '../../../src/core/ledger.ts';
import type { MutantId } from '../../../src/core/mutants.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { client, FakeCluster, type FakeNode, type NodeOptions } from './fixtures/cluster.ts';

const [N1, N2, N3] = ['n1', 'n2', 'n3'].map(asNodeId) as [NodeId, NodeId, NodeId];
/** A client of n1, and of n2. */
const alice = client('alice');
const bob = client('bob');
const HERE = { kind: 'here' };

async function clusterOf(options: NodeOptions = {}) {
  const cluster = new FakeCluster('n1', 'n2', 'n3');
  const nodes = (await cluster.start({ moves: 'filesystem', ...options })) as [FakeNode, FakeNode, FakeNode];
  const [n1, n2, n3] = nodes;
  await n1.coordinator.completed(alice);
  await n2.coordinator.completed(bob);
  const move = async (owner: NodeId, to: NodeId) => {
    await cluster.command({ type: 'migrate', owner, to, filesystem: true });
    await cluster.clock.advance(100);
  };
  return { cluster, n1, n2, n3, move };
}

t.test('row 30: its clients reclaim where it is served now, and are recorded there', async (t) => {
  const { cluster, n1, n2, n3, move } = await clusterOf();
  t.same(n1.coordinator.place(), HERE);
  t.equal(n2.coordinator.mayArrive(alice), false);
  await move(N1, N2);
  t.same(n1.letGo, [{ owner: 'n1', granting: [] }], 'nobody granted anything when it let go');
  t.same(n1.coordinator.place(), { kind: 'moved', to: 'n2' });
  t.same([n2.coordinator.place(), n3.coordinator.place()], [HERE, HERE]);
  t.equal(n3.coordinator.newState(), 'grace', 'until they have come');
  t.equal(n1.coordinator.reclaim(alice), 'delay');
  t.equal(n3.coordinator.reclaim(alice), 'no-grace', 'she was not sent there');

  t.equal(
    await n2.coordinator.completed(alice),
    'durable',
    'for what a restart of n2 took from her: nothing',
  );
  t.equal(n2.coordinator.mayArrive(alice), true, 'and with the filesystem she comes all the same');
  t.equal(n2.coordinator.reclaim(alice), 'grant');
  t.equal(n2.coordinator.mayArrive(bob), false);
  t.equal(n2.coordinator.reclaim(bob), 'no-grace', 'who lost nothing has nothing to reclaim');
  t.equal(n2.coordinator.reclaim({ ...alice, principal: 'sys:1@c' }), 'no-grace');

  t.equal(await n2.coordinator.arrived(alice, true), 'durable');
  t.equal(n2.coordinator.mayArrive(alice), false, 'she has said herself that she is through');
  await cluster.clock.advance(50);
  t.same(cluster.granting(), ['n1', 'n2', 'n3'], 'nobody else is waited for');
  t.same(cluster.recorded(), { 'n2 alice': 'complete', 'n2 bob': 'complete' });
});

t.test(
  'who holds nothing of it is not waited for, and is on record as before should nothing come of it',
  async (t) => {
    const holders = { n1: ['alice'] };
    const { cluster, n1, n2, n3 } = await clusterOf({ holders });
    const idle = client('idle');
    await n1.coordinator.completed(idle);
    n3.pause();
    await cluster.command({ type: 'migrate', owner: N1, to: N2 });
    await cluster.clock.advance(50);
    t.same(Object.keys(cluster.recorded(cluster.ledger.recoveryEpoch)).toSorted(), [
      'n1 alice',
      'n1 idle',
      'n2 bob',
    ]);
    t.equal(cluster.recorded()['n1 idle'], 'complete', 'written before the acknowledgement');
    n3.resume();
    await cluster.clock.advance(50);
    t.same(Object.keys(cluster.recorded(cluster.ledger.recoveryEpoch)).toSorted(), ['n1 alice', 'n2 bob']);
    t.equal(n2.coordinator.reclaim(idle), 'no-grace');
    await n2.coordinator.arrived(alice, true);
    await cluster.clock.advance(50);
    t.same(cluster.granting(), ['n1', 'n2', 'n3']);
  },
);

t.test('who has not come back to a giver that has just booted may come to the taker', async (t) => {
  const { cluster, n1, n2 } = await clusterOf({ holders: {} });
  n1.crash();
  await cluster.clock.advance(50);
  await cluster.boot('n1');
  await cluster.clock.advance(20);
  await cluster.command({ type: 'migrate', owner: N1, to: N2 });
  await cluster.clock.advance(100);
  t.equal(n2.coordinator.reclaim(alice), 'grant');
});

t.test('the next failures: she reclaims where she went, and not where she came from', async (t) => {
  const { cluster, n1, n2, move } = await clusterOf();
  await move(N1, N2);
  await n2.coordinator.arrived(alice, true);
  await cluster.clock.advance(50);
  n1.crash();
  await cluster.clock.advance(50);
  const n1Again = await cluster.boot('n1');
  t.same(n1Again.coordinator.place(), { kind: 'moved', to: 'n2' }, 'it outlives its server');
  t.equal(n2.coordinator.reclaim(alice), 'no-grace', 'she has lost nothing');
  await cluster.clock.advance(50);
  t.same(cluster.granting(), ['n2', 'n3', 'n1']);
  n2.crash();
  await cluster.clock.advance(50);
  const n2Again = await cluster.boot('n2');
  await cluster.clock.advance(50);
  t.equal(n2Again.coordinator.reclaim(alice), 'grant');
  t.equal(n2Again.coordinator.reclaim(bob), 'grant');
});

t.test('who did not come has lost what it had, also where the filesystem comes home', async (t) => {
  const { cluster, n1, n2, move } = await clusterOf();
  await move(N1, N2);
  await cluster.clock.advance(4_000);
  t.same(cluster.granting(), ['n1', 'n2', 'n3'], 'the deadline has passed');
  t.equal(n2.coordinator.reclaim(alice), 'no-grace');
  await move(N1, N1);
  await cluster.clock.advance(50);
  t.same(n1.coordinator.place(), HERE);
  t.same(cluster.granting(), ['n1', 'n2', 'n3']);
  t.equal(await n1.coordinator.completed(client('eve')), 'durable', 'it looks after new clients');
  n1.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(
    again.coordinator.reclaim(alice),
    'no-grace',
    'edge condition 2: others may have had her lock meanwhile',
  );
});

t.test('I4: who came too late has lost it also where it completes before it has tried', async (t) => {
  const { cluster, n2, move } = await clusterOf();
  await move(N1, N2);
  await cluster.clock.advance(4_000);
  t.equal(
    await n2.coordinator.completed(alice),
    'durable',
    'for what a restart of n2 took from her: nothing',
  );
  n2.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n2');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(bob), 'grant');
  t.equal(again.coordinator.reclaim(alice), 'no-grace', 'others may have had it meanwhile');
  t.equal(again.coordinator.reclaim(alice), 'no-grace', 'whichever it is that she asks for');
});

t.test('I2: when she has said that she is through with it, she is on record like anybody', async (t) => {
  for (const says of ['arrived', 'forget'] as const) {
    const { cluster, n2, move } = await clusterOf();
    await move(N1, N2);
    await cluster.clock.advance(4_000);
    t.equal(n2.coordinator.mayArrive(bob), false);
    t.equal(n2.coordinator.mayArrive(alice), true, 'to be told');
    t.equal(n2.coordinator.reclaim(alice), 'no-grace');
    t.equal(await n2.coordinator[says](alice, true), 'durable');
    t.equal(n2.coordinator.mayArrive(alice), false);
    t.equal(await n2.coordinator.completed(alice), 'durable');
    t.same(cluster.recorded(), { 'n2 alice': 'complete', 'n2 bob': 'complete' });
    n2.crash();
    await cluster.clock.advance(50);
    const again = await cluster.boot('n2');
    await cluster.clock.advance(50);
    t.equal(again.coordinator.reclaim(alice), 'grant', 'what she has had since');
  }
});

t.test('I4: what was lost for a filesystem speaks against its client wherever that goes next', async (t) => {
  const { cluster, n2, n3, move } = await clusterOf();
  await n2.coordinator.completed(alice);
  await move(N1, N2);
  await cluster.clock.advance(4_000);
  await move(N2, N3);
  t.equal(n3.coordinator.reclaim(bob), 'grant');
  t.equal(n3.coordinator.reclaim(alice), 'no-grace', 'on record at n2, and late with what she had at n1');
});

t.test('I4: nor has it from elsewhere what it lost here', async (t) => {
  const { n2, move } = await clusterOf();
  await n2.coordinator.completed(alice);
  await n2.coordinator.revoke(alice);
  await move(N1, N2);
  t.equal(n2.coordinator.reclaim(alice), 'no-grace', 'what n2 took from her others may have had');
});

t.test('I4: who has more to reclaim is not on record for what came with a filesystem', async (t) => {
  const { cluster, n2, move } = await clusterOf();
  await n2.coordinator.completed(alice);
  await move(N1, N2);
  n2.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n2');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'grant');
  t.equal(await again.coordinator.arrived(alice, false), 'durable');
  await cluster.clock.advance(4_000);
  t.equal(cluster.recorded()['n2 alice'], 'reclaim incomplete', 'the deadline has passed');
  again.crash();
  await cluster.clock.advance(50);
  const third = await cluster.boot('n2');
  await cluster.clock.advance(50);
  t.equal(third.coordinator.reclaim(alice), 'no-grace');
});

t.test('what could not be settled for want of the store is still to be settled', async (t) => {
  const outage = { removals: false };
  const { cluster, n2, move } = await clusterOf({
    throughStore: (store) => {
      const remove = store.removeRecords.bind(store);
      store.removeRecords = async (...removed) => {
        if (outage.removals) throw new StoreUnavailableError('no');
        return remove(...removed);
      };
      return store;
    },
  });
  await move(N1, N2);
  await cluster.clock.advance(4_000);
  await n2.coordinator.completed(alice);
  outage.removals = true;
  t.equal(await n2.coordinator.arrived(alice, true), 'unavailable');
  outage.removals = false;
  await cluster.clock.advance(500);
  t.equal(n2.coordinator.mayArrive(alice), true);
  t.equal(await n2.coordinator.arrived(alice, true), 'durable');
  t.same(cluster.recorded(), { 'n2 alice': 'complete', 'n2 bob': 'complete' });
});

t.test('I4: nobody reclaims any more when the end of their claims is on its way', async (t) => {
  let onFinish = () => {};
  const { cluster, n2, move } = await clusterOf({
    throughStore: (store) => {
      const swap = store.swap.bind(store);
      store.swap = (expected, next) => {
        const { addressAt, claims } = next.members[N1]!;
        if (addressAt === 'n2' && claims === 'closed') onFinish();
        return swap(expected, next);
      };
      return store;
    },
  });
  const answers: string[] = [];
  onFinish = () => answers.push(n2.coordinator.reclaim(alice));
  await move(N1, N2);
  await cluster.clock.advance(4_000);
  t.equal(answers[0], 'no-grace');
});

t.test('edge condition 2: back home in the same grace, the giver remembers nobody who went', async (t) => {
  const { cluster, n1, n2, move } = await clusterOf();
  await move(N1, N2);
  await n2.coordinator.arrived(alice, true);
  const doris = client('doris');
  await n2.coordinator.recorded(doris);
  await cluster.command({ type: 'migrate', owner: N1, to: N1 });
  await cluster.clock.advance(4_000);
  t.same(n1.coordinator.place(), HERE);
  t.same(cluster.granting(), ['n1', 'n2', 'n3']);
  t.notOk('n1 alice' in cluster.recorded(), 'she is where she went');
  n1.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.equal(again.coordinator.reclaim(alice), 'no-grace');
});

/** A cluster that does something at the hand-over of n1's filesystem, before or after the swap. */
async function clusterAtHandOver(options: NodeOptions = {}) {
  const at = { before: async () => {}, after: () => {} };
  const handsOver = ({ members }: Ledger) => members[N1]?.addressAt === 'n2' && members[N1].claims === 'open';
  const made = await clusterOf({
    ...options,
    throughStore: (store) => {
      const swap = store.swap.bind(store);
      store.swap = async (expected, next) => {
        if (!handsOver(next)) return swap(expected, next);
        await at.before();
        const outcome = await swap(expected, next);
        at.after();
        return outcome;
      };
      return store;
    },
  });
  return { ...made, at };
}

t.test('edge condition 2: at the hand-over the giver has nobody on record in the new epoch', async (t) => {
  const { cluster, n1, n2, at } = await clusterAtHandOver();
  const recorded: object[] = [];
  at.before = async () => void recorded.push(cluster.recorded());
  // It has let go, and its store does not answer for as long as it takes to give the taker up.
  at.after = () => {
    n1.store.available = false;
  };
  await cluster.command({ type: 'migrate', owner: N1, to: N2, filesystem: true });
  await cluster.clock.advance(100);
  t.same(recorded[0], { 'n2 bob': 'complete' });
  n2.crash();
  await cluster.clock.advance(100);
  await cluster.command({ type: 'abandon', dead: N2, operator: true });
  t.match(cluster.ledger, { recoveryEpoch: null, members: { n1: { addressAt: null } } }, 'it came home');
  t.notOk('n1 alice' in cluster.recorded(), 'others may have had her lock since');
});

async function calledOffAtTheLastMoment(mutants: readonly MutantId[]) {
  const made = await clusterAtHandOver({ mutants });
  const { cluster, n2, at } = made;
  at.before = async () => {
    at.before = async () => {};
    n2.crash();
    await cluster.command({ type: 'confirm-death', node: N2, incarnation: n2.coordinator.incarnation });
  };
  await cluster.command({ type: 'migrate', owner: N1, to: N2, filesystem: true });
  await cluster.clock.advance(50);
  return made;
}

t.test('nothing comes of it at the last moment: the giver records its clients anew', async (t) => {
  const { cluster, n1 } = await calledOffAtTheLastMoment([]);
  t.equal(cluster.recorded()['n1 alice'], 'complete', 'before grace can end');
  t.same(n1.letGo, []);
  t.same(n1.coordinator.place(), HERE);
  t.equal(await n1.coordinator.completed(client('carol')), 'durable');
  const forgetful = await calledOffAtTheLastMoment(['M20']);
  t.notOk('n1 alice' in forgetful.cluster.recorded());
});

t.test('the taker dies before it has it: nothing was let go, and all is as before', async (t) => {
  const { cluster, n1, n2, n3 } = await clusterOf();
  n3.pause();
  await cluster.command({ type: 'migrate', owner: N1, to: N2 });
  await cluster.clock.advance(50);
  n2.crash();
  await cluster.clock.advance(50);
  await cluster.boot('n2');
  n3.resume();
  await cluster.clock.advance(200);
  t.same(n1.letGo, []);
  t.same(n1.coordinator.place(), HERE);
  await cluster.clock.advance(2_000);
  t.equal(cluster.recorded()['n1 alice'], 'complete', 'she has lost nothing, so she is on record');
});

t.test(
  'the taker dies when it has it: its next life serves those who came, and those who did not',
  async (t) => {
    const { cluster, n1, n2, move } = await clusterOf();
    const ann = client('ann');
    await n1.coordinator.completed(ann);
    await move(N1, N2);
    await n2.coordinator.arrived(alice, true);
    n2.crash();
    await cluster.clock.advance(50);
    const again = await cluster.boot('n2');
    await cluster.clock.advance(50);
    t.same(n1.coordinator.place(), { kind: 'moved', to: 'n2' });
    t.equal(again.coordinator.reclaim(alice), 'grant', 'by what n1 had recorded of her');
    t.equal(again.coordinator.reclaim(ann), 'grant');
    await again.coordinator.arrived(alice, true);
    await again.coordinator.arrived(ann, true);
    await again.coordinator.completed(bob);
    await cluster.clock.advance(100);
    t.same(cluster.granting().toSorted(), ['n1', 'n2', 'n3']);
  },
);

t.test('the giver dies when it has handed over', async (t) => {
  const { cluster, n1, n2, move } = await clusterOf();
  await move(N1, N2);
  n1.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n1');
  await cluster.clock.advance(50);
  t.same(again.coordinator.place(), { kind: 'moved', to: 'n2' });
  t.equal(n2.coordinator.reclaim(alice), 'grant');
});

/** n2 has acknowledged that the filesystem will come, and has not heard that it has. */
async function unheard(mutants: readonly MutantId[]) {
  const made = await clusterAtHandOver({ mutants });
  const { at, cluster, n2 } = made;
  // Not before it knows that all have acknowledged.
  at.before = () =>
    new Promise((resolve) => {
      cluster.clock.after(10, () => {
        n2.pause();
        resolve();
      });
    });
  await cluster.command({ type: 'migrate', owner: N1, to: N2, filesystem: true });
  await cluster.clock.advance(50);
  return made;
}

t.test('whoever comes before the taker has heard of it is told to wait', async (t) => {
  const { cluster, n1, n2 } = await unheard([]);
  t.same(n1.coordinator.place(), { kind: 'moved', to: 'n2' });
  t.equal(n2.coordinator.mayArrive(alice), true);
  t.equal(n2.coordinator.reclaim(alice), 'delay');
  t.equal(await n2.coordinator.arrived(alice, true), 'unavailable', 'it would be about nothing');
  n2.resume();
  await cluster.clock.advance(50);
  t.equal(n2.coordinator.reclaim(alice), 'grant');
});

t.test('it moves on: the first node sends its clients to where it is now', async (t) => {
  const { cluster, n1, n2, n3, move } = await clusterOf();
  await move(N1, N2);
  await n2.coordinator.arrived(alice, true);
  await cluster.clock.advance(50);
  await move(N2, N3);
  t.same(n1.coordinator.place(), { kind: 'moved', to: 'n3' });
  t.same(n2.coordinator.place(), { kind: 'moved', to: 'n3' });
  t.same(
    [alice, bob].map((each) => n3.coordinator.reclaim(each)),
    ['grant', 'grant'],
  );
  await n3.coordinator.arrived(alice, true);
  await n3.coordinator.arrived(bob, true);
  await cluster.clock.advance(50);
  t.same(cluster.granting(), ['n1', 'n2', 'n3']);
});

t.test('who lost something at the taker itself hears of that first', async (t) => {
  const { cluster, n1, n2, move } = await clusterOf();
  await n2.coordinator.completed(alice);
  await n2.coordinator.revoke(alice);
  await move(N1, N2);
  n2.crash();
  await cluster.clock.advance(50);
  const again = await cluster.boot('n2');
  await cluster.clock.advance(50);
  t.same(n1.coordinator.place(), { kind: 'moved', to: 'n2' });
  t.equal(again.coordinator.reclaim(alice), 'no-grace');
  t.equal(again.coordinator.reclaim(alice), 'no-grace', 'this may be the one that others have had');
  await again.coordinator.completed(alice);
  t.equal(again.coordinator.reclaim(alice), 'grant', 'what she had at n2 she is through with');
});

t.test('M17, M18: let go before the hand-over, and refused before the taker knows of it', async (t) => {
  const early = await clusterOf({ mutants: ['M17'] });
  const letGoAt: string[] = [];
  early.n1.letGo.push = (each) => letGoAt.push(`${each.owner} ${early.cluster.ledger.members.n1.addressAt}`);
  await early.move(N1, N2);
  t.equal(letGoAt[0], 'n1 null');
  const rash = await unheard(['M18']);
  t.same(rash.n1.coordinator.place(), { kind: 'moved', to: 'n2' });
  t.equal(rash.n2.coordinator.reclaim(alice), 'no-grace');
});

t.test('M8, M10: handed over before the barrier, and not let go', async (t) => {
  const early = await clusterOf({ mutants: ['M8'] });
  early.n3.pause();
  await early.cluster.command({ type: 'migrate', owner: N1, to: N2 });
  await early.cluster.clock.advance(50);
  t.ok(early.n1.letGo[0]?.granting.includes('n3'), 'somebody still granted');
  const kept = await clusterOf({ mutants: ['M10'] });
  await kept.move(N1, N2);
  t.same(kept.n1.letGo, []);
});
