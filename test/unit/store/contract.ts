/** What every store must hold; run against each of them. */
import type { Test } from 'tap';
import { asEpoch, asIncarnation, asNodeId } from '../../../src/core/ids.ts';
import { createLedger, type Ledger } from '../../../src/core/ledger.ts';
import { transition } from '../../../src/core/transitions.ts';
import type { DomainStore } from '../../../src/store/store.ts';

const n1 = asNodeId('n1');
const first = asIncarnation(1);
const fence = { node: n1, incarnation: first };
const scope = { epoch: asEpoch(1), node: n1 };
const record = (name: string) => ({
  ownerId: Buffer.from(name).toString('hex'),
  incarnation: first,
  principal: 'sys:0@c',
  revoked: false,
  reclaimIncomplete: false,
});

const booted = (ledger: Ledger, incarnation: number): Ledger => {
  const result = transition(ledger, { type: 'boot', node: n1, incarnation: asIncarnation(incarnation) });
  if (!result.ok) throw new Error(result.refusal);
  return result.ledger;
};

/** @param open a new handle on one and the same domain; `fresh` begins another domain */
export function storeContract(t: Test, open: (fresh?: 'fresh') => DomainStore): void {
  const empty = () => createLedger([n1], { beaconProvesDeath: true });
  const withBoot = async () => {
    const store = open('fresh');
    await store.swap(null, booted(empty(), 1));
    return store;
  };

  t.test('a new domain has no ledger, and only one founder wins', async (t) => {
    const [a, b] = [open('fresh'), open()];
    t.equal(await a.read(), null);
    t.same(await a.swap(null, empty()), { outcome: 'swapped', revision: 1 });
    t.same(await b.swap(null, empty()), { outcome: 'lost' });
    t.same((await b.read())?.ledger, empty());
  });

  t.test('a swap is lost when anybody wrote in between', async (t) => {
    const a = await withBoot();
    const b = open();
    const seen = (await b.read())!;
    const won = await a.swap(seen.revision, booted(seen.ledger, 2));
    t.equal(won.outcome, 'swapped');
    t.same(await b.swap(seen.revision, booted(seen.ledger, 2)), { outcome: 'lost' });
    t.equal((await b.read())!.ledger.members[n1]!.incarnation, 2);
  });

  t.test('a watcher hears of a change by another handle, and nothing after it stopped', async (t) => {
    const a = await withBoot();
    const b = open();
    let heard = () => {};
    const change = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const stop = b.watch(heard);
    const seen = (await a.read())!;
    await a.swap(seen.revision, booted(seen.ledger, 2));
    await change;
    stop();
    t.pass('heard');
  });

  t.test('records are kept by (epoch, node), replaced by owner, removed', async (t) => {
    const store = await withBoot();
    t.equal(await store.putRecords(fence, scope, [record('a'), record('b')]), 'written');
    t.equal(await store.putRecords(fence, scope, [{ ...record('a'), principal: 'sys:1@c' }]), 'written');
    const read = await open().records(scope);
    t.same(read.map((each) => each.principal).sort(), ['sys:0@c', 'sys:1@c']);
    t.same(await store.records({ ...scope, epoch: asEpoch(2) }), []);
    t.equal(await store.removeRecords(fence, scope, [record('a').ownerId]), 'written');
    t.same(await store.records(scope), [record('b')]);
  });

  t.test('D8: every write of a life that is over is refused, and writes nothing', async (t) => {
    const store = await withBoot();
    await store.putRecords(fence, scope, [record('a')]);
    const seen = (await store.read())!;
    await store.swap(seen.revision, booted(seen.ledger, 2));
    t.equal(await store.putRecords(fence, scope, [record('z')]), 'fenced');
    t.equal(await store.removeRecords(fence, scope, [record('a').ownerId]), 'fenced');
    t.equal(await store.collectGarbage(fence), 'fenced');
    t.same(await store.records(scope), [record('a')]);
  });

  t.test('garbage is what neither epoch of the ledger names', async (t) => {
    const store = await withBoot();
    const { epoch, recoveryEpoch } = (await store.read())!.ledger;
    const old = { epoch: asEpoch(epoch + 7), node: n1 };
    for (const each of [epoch, recoveryEpoch!, old.epoch])
      await store.putRecords(fence, { epoch: each, node: n1 }, [record('a')]);
    t.equal(await store.collectGarbage(fence), 'written');
    t.same(await store.records(old), []);
    t.equal((await store.records({ epoch, node: n1 })).length, 1);
    t.equal((await store.records({ epoch: recoveryEpoch!, node: n1 })).length, 1);
  });
}
