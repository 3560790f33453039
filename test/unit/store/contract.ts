/** What every store must hold; run against each of them. */
import type { Test } from 'tap';
import { asEpoch } from '../../../src/core/ids.ts';
import {
  bootAgain,
  booted,
  empty,
  fence,
  found,
  hearing,
  leave,
  n1,
  n2,
  record,
  scope,
} from './fixtures/domain.ts';
import { type Open, type Troubles, troubleContract } from './trouble-contract.ts';

export interface StoreUnderTest {
  /** A new handle on one and the same domain; `fresh` begins another domain. */
  readonly open: Open;
  readonly troubles: Troubles;
}

export function storeContract(t: Test, { open, troubles }: StoreUnderTest): void {
  ledgerContract(t, open);
  recordContract(t, open);
  fenceContract(t, open);
  troubleContract(t, open, troubles);
}

function ledgerContract(t: Test, open: Open): void {
  t.test('a new domain has no ledger, and only one founder wins', async (t) => {
    const [a, b] = [await open('fresh'), await open()];
    t.equal(await a.read(), null);
    const founding = await Promise.all([a.swap(null, empty()), b.swap(null, empty())]);
    t.same(founding.map(({ outcome }) => outcome).sort(), ['lost', 'swapped']);
    t.same((await b.read())?.ledger, empty());
  });

  t.test('a swap is lost when anybody wrote in between, and only then', async (t) => {
    const a = await found(await open('fresh'));
    const b = await open();
    const seen = (await b.read())!;
    t.same(await a.read(), seen, 'both see one revision');
    const won = await a.swap(seen.revision, booted(seen.ledger, 2));
    t.equal(won.outcome, 'swapped');
    t.same(await b.swap(seen.revision, booted(seen.ledger, 2)), { outcome: 'lost' });
    const now = (await b.read())!;
    t.equal(now.ledger.members[n1]!.incarnation, 2);
    t.equal(
      now.revision,
      won.outcome === 'swapped' && won.revision,
      'a swap tells the revision that it made',
    );
  });

  t.test('of writers who race, exactly one wins each time', async (t) => {
    const writers = [await found(await open('fresh')), await open(), await open(), await open()];
    const rounds = 10;
    for (let round = 0; round < rounds; round++) {
      const seen = (await writers[0]!.read())!;
      const next = booted(seen.ledger, seen.ledger.members[n1]!.incarnation + 1);
      const outcomes = await Promise.all(writers.map((writer) => writer.swap(seen.revision, next)));
      t.equal(outcomes.filter(({ outcome }) => outcome === 'swapped').length, 1);
      t.equal(outcomes.filter(({ outcome }) => outcome === 'lost').length, writers.length - 1);
    }
    t.equal((await writers[1]!.read())!.ledger.members[n1]!.incarnation, 1 + rounds);
  });

  t.test('a watcher hears of a change by another handle, and nothing after it stopped', async (t) => {
    const a = await found(await open('fresh'));
    const b = await open();
    let calls = 0;
    const first = hearing(b);
    const stop = b.watch(() => {
      calls += 1;
    });
    const change = first.heard();
    await bootAgain(a);
    await change;
    stop();
    const callsBefore = calls;
    const second = first.heard();
    await bootAgain(a);
    await second;
    t.equal(calls, callsBefore, 'the one that stopped');
    first.stop();
  });
}

function recordContract(t: Test, open: Open): void {
  t.test('records are kept by (epoch, node), replaced by owner and principal, removed', async (t) => {
    const store = await found(await open('fresh'));
    t.equal(await store.putRecords(fence, scope, [record('a'), record('b')]), 'written');
    t.equal(await store.putRecords(fence, scope, [{ ...record('a'), revoked: true }]), 'written');
    t.same(await (await open()).records(scope), [{ ...record('a'), revoked: true }, record('b')]);
    t.same(await store.records({ ...scope, epoch: asEpoch(2) }), []);
    t.same(await store.records({ ...scope, node: n2 }), []);
    t.equal(await store.removeRecords(fence, scope, [record('a'), record('never-there')]), 'written');
    t.same(await store.records(scope), [record('b')]);
  });

  t.test('two principals with one owner id are two records', async (t) => {
    const store = await found(await open('fresh'));
    const other = { ...record('a'), principal: 'sys:1@c' };
    await store.putRecords(fence, scope, [record('a'), other]);
    t.same(await store.records(scope), [record('a'), other]);
    await store.removeRecords(fence, scope, [record('a')]);
    t.same(await store.records(scope), [other]);
  });

  t.test('any owner and any principal comes back as it was', async (t) => {
    const store = await found(await open('fresh'));
    const principals = [
      'none',
      '',
      'sys:0@a/b',
      'sys:0@../x',
      'sys:1@gr\u00fc\u00df %2F',
      `sys:2@${'m'.repeat(255)}`,
    ];
    const owners = ['00', 'ff'.repeat(1024)];
    const all = owners.flatMap((ownerId) =>
      principals.map((principal) => ({ ...record('x'), ownerId, principal })),
    );
    await store.putRecords(fence, scope, all);
    const byBoth = (list: readonly { ownerId: string; principal: string }[]) =>
      list.map(({ ownerId, principal }) => `${ownerId} ${principal}`).sort();
    t.same(byBoth(await store.records(scope)), byBoth(all));
    await store.removeRecords(fence, scope, all);
    t.same(await store.records(scope), []);
  });

  t.test(
    'a list that names a client twice leaves the later record; an empty one writes nothing',
    async (t) => {
      const store = await found(await open('fresh'));
      await store.putRecords(fence, scope, [record('a'), { ...record('a'), revoked: true }]);
      t.equal(await store.putRecords(fence, scope, []), 'written');
      t.same(await store.records(scope), [{ ...record('a'), revoked: true }]);
    },
  );

  t.test('a thousand records are written, read and removed', async (t) => {
    const store = await found(await open('fresh'));
    const names = Array.from({ length: 1000 }, (_, index) => `client-${String(index).padStart(4, '0')}`);
    t.equal(await store.putRecords(fence, scope, names.map(record)), 'written');
    t.same(await (await open()).records(scope), names.map(record));
    t.equal(await store.removeRecords(fence, scope, names.slice(1).map(record)), 'written');
    t.same(await store.records(scope), [record(names[0]!)]);
  });

  t.test('writes that are begun at once are all done', async (t) => {
    const store = await found(await open('fresh'));
    const other = await open();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const outcomes = await Promise.all(
      names.map((name, index) => [store, other][index % 2]!.putRecords(fence, scope, [record(name)])),
    );
    t.same(new Set(outcomes), new Set(['written']));
    t.same(await store.records(scope), names.map(record));
  });

  t.test('garbage is what neither epoch of the ledger names', async (t) => {
    const store = await found(await open('fresh'));
    const seen = (await store.read())!;
    await store.swap(seen.revision, { ...seen.ledger, epoch: asEpoch(12), recoveryEpoch: asEpoch(3) });
    const epochs = [1, 2, 3, 4, 11, 12, 13, 30, 120];
    for (const epoch of epochs)
      for (const node of [n1, n2])
        await store.putRecords(fence, { epoch: asEpoch(epoch), node }, [record('a')]);
    t.equal(await store.collectGarbage(fence), 'written');
    const kept = [];
    for (const epoch of epochs)
      for (const node of [n1, n2])
        if ((await store.records({ epoch: asEpoch(epoch), node })).length > 0) kept.push(`${epoch} ${node}`);
    t.same(kept, ['3 n1', '3 n2', '12 n1', '12 n2']);
    const lifted = (await store.read())!;
    await store.swap(lifted.revision, { ...lifted.ledger, recoveryEpoch: null });
    t.equal(await store.collectGarbage(fence), 'written');
    t.same(await store.records({ epoch: asEpoch(3), node: n1 }), []);
    t.same(await store.records({ epoch: asEpoch(12), node: n1 }), [record('a')]);
  });
}

function fenceContract(t: Test, open: Open): void {
  t.test('D8: every write of a life that is over is refused, and writes nothing', async (t) => {
    const store = await found(await open('fresh'));
    const old = { ...scope, epoch: asEpoch(99) };
    await store.putRecords(fence, old, [record('a')]);
    await store.putRecords(fence, scope, [record('a')]);
    // By another handle: this one still has a ledger in mind by which its life is current.
    await bootAgain(await open());
    t.equal(await store.putRecords(fence, scope, [record('z')]), 'fenced');
    t.equal(await store.putRecords(fence, scope, []), 'fenced');
    t.same(await store.records(scope), [record('a')]);
  });

  t.test('D8: so is every removal', async (t) => {
    const store = await found(await open('fresh'));
    await store.putRecords(fence, scope, [record('a')]);
    await bootAgain(await open());
    t.equal(await store.removeRecords(fence, scope, [record('a')]), 'fenced');
    t.same(await store.records(scope), [record('a')]);
  });

  t.test('D8: so is the collection of garbage', async (t) => {
    const store = await found(await open('fresh'));
    const old = { ...scope, epoch: asEpoch(99) };
    await store.putRecords(fence, old, [record('a')]);
    await bootAgain(await open());
    t.equal(await store.collectGarbage(fence), 'fenced');
    t.same(await store.records(old), [record('a')]);
  });

  t.test('D8: a node that is no member, or a domain without a ledger, takes no writes', async (t) => {
    const store = await open('fresh');
    t.equal(await store.putRecords(fence, scope, [record('a')]), 'fenced');
    await found(store);
    t.equal(await store.putRecords({ ...fence, node: n2 }, scope, [record('a')]), 'fenced');
    t.same(await store.records(scope), []);
  });

  t.test('a write for one revision of the ledger is refused at any other', async (t) => {
    const store = await found(await open('fresh'));
    const other = await open();
    const { revision } = (await store.read())!;
    const write = (...names: string[]) => store.putRecords({ ...fence, revision }, scope, names.map(record));
    t.equal(await write('a'), 'written');
    const now = await leave(other);
    t.equal(await write('b'), 'fenced', 'also where this handle still has the old one in mind');
    t.equal(await write(), 'fenced');
    t.equal(await store.putRecords({ ...fence, revision: now }, scope, [record('c')]), 'written');
    t.same(await store.records(scope), [record('a'), record('c')]);
  });

  t.test('a write for a revision that this handle has not seen yet looks again', async (t) => {
    const store = await found(await open('fresh'));
    await store.putRecords(fence, scope, [record('a')]);
    const now = await leave(await open());
    t.equal(await store.putRecords({ ...fence, revision: now }, scope, [record('b')]), 'written');
    t.same(await store.records(scope), [record('a'), record('b')]);
  });

  t.test("a change of the ledger that does not end the writer's life does not hinder it", async (t) => {
    const store = await found(await open('fresh'));
    await store.putRecords(fence, scope, [record('a')]);
    await leave(await open());
    t.equal(await store.putRecords(fence, scope, [record('b')]), 'written');
    t.same(await store.records(scope), [record('a'), record('b')]);
  });
}
