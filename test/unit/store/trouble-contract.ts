/** What every store must hold when it cannot do what it is for; part of contract.ts. */
import type { Test } from 'tap';
import { asEpoch } from '../../../src/core/ids.ts';
import { type DomainStore, RecordsUnreadableError, StoreUnavailableError } from '../../../src/store/store.ts';
import { bootAgain, booted, fence, found, hearing, n1, record, scope } from './fixtures/domain.ts';

/** Ways to break a store. Each ends by the function that it resolves to, and the store must then go on by itself. */
export interface Troubles {
  /** Somebody else keeps it from answering in time. */
  readonly slow: Trouble;
  /** There is nobody to answer. */
  readonly unreachable: Trouble;
  readonly full: Trouble;
  readonly readOnly: Trouble;
  /** The ledger's text is replaced by garbage. */
  readonly corruptLedger: Trouble;
  /** The text of every record of {@link scope} is replaced by garbage. */
  readonly corruptRecords: Trouble;
  /** The next swap by the newest handle (by the one that `open` makes, if it is there) is done, and its answer is lost. */
  readonly answerLost: Trouble & { readonly open?: () => Promise<DomainStore> };
}

export type Trouble =
  | {
      readonly begin: () => Promise<() => Promise<void>>;
      /** Whether reads are answered meanwhile (rightly, of course). */
      readonly reads: 'go on' | 'stop';
    }
  /** Why this store cannot be broken in that way. */
  | { readonly cannot: string };

export type Open = (fresh?: 'fresh') => Promise<DomainStore>;

export function troubleContract(t: Test, open: Open, troubles: Troubles): void {
  for (const [name, trouble] of [
    ['slow', troubles.slow],
    ['unreachable', troubles.unreachable],
    ['full', troubles.full],
    ['read-only', troubles.readOnly],
  ] as const) {
    const title = `I7: a store that is ${name} takes no writes, says so, and goes on by itself`;
    if ('cannot' in trouble) {
      t.comment(`not shown: ${title}: ${trouble.cannot}`);
      continue;
    }
    t.test(title, async (t) => {
      const store = await found(await open('fresh'));
      await store.putRecords(fence, scope, [record('a')]);
      await store.putRecords(fence, { ...scope, epoch: asEpoch(99) }, [record('garbage')]);
      const seen = (await store.read())!;
      const many = Array.from({ length: 1000 }, (_, index) => record(`client-${index}`));
      const watching = hearing(store);
      const end = await trouble.begin();

      const reads: Promise<unknown>[] = [store.read(), store.records(scope)];
      if (trouble.reads === 'go on') t.same(await Promise.all(reads), [seen, [record('a')]]);
      else await Promise.all(reads.map((read) => t.rejects(read, StoreUnavailableError)));
      const swap = await store.swap(seen.revision, booted(seen.ledger, 2)).catch((error: unknown) => error);
      if (swap instanceof Error) t.type(swap, StoreUnavailableError);
      else t.same(swap, { outcome: 'unknown' }, 'neither done nor lost');
      const writes = [
        store.putRecords(fence, scope, many),
        store.removeRecords(fence, scope, [record('a')]),
        store.collectGarbage(fence),
      ];
      await Promise.all(writes.map((write) => t.rejects(write, StoreUnavailableError)));
      await end();

      // A swap that rejected was not done; one of which nothing is known was, or is not done any more.
      const now = (await store.read())!;
      if (swap instanceof Error) t.same(now.ledger, seen.ledger);
      const heard = watching.heard();
      await bootAgain(await open());
      await heard;
      watching.stop();
      const { incarnation } = (await store.read())!.ledger.members[n1]!;
      const life = { node: n1, incarnation };
      t.equal(incarnation, now.ledger.members[n1]!.incarnation + 1, 'nothing came in between');
      t.equal(await store.putRecords(fence, scope, [record('z')]), 'fenced');
      t.equal(await store.putRecords(life, scope, many), 'written');
      t.equal(await store.removeRecords(life, scope, [record('a')]), 'written');
      t.equal((await store.records(scope)).length, many.length);
    });
  }

  corruptionContract(t, open, troubles);

  const { answerLost } = troubles;
  const title = 'a swap whose answer is lost is unknown, not lost; reading tells';
  if ('cannot' in answerLost) t.comment(`not shown: ${title}: ${answerLost.cannot}`);
  else
    t.test(title, async (t) => {
      await found(await open('fresh'));
      const store = await (answerLost.open ?? open)();
      const seen = (await store.read())!;
      const next = booted(seen.ledger, 2);
      const end = await answerLost.begin();
      t.same(await store.swap(seen.revision, next), { outcome: 'unknown' });
      await end();
      t.same((await store.read())!.ledger, next);
    });
}

function corruptionContract(t: Test, open: Open, troubles: Troubles): void {
  const { corruptLedger, corruptRecords } = troubles;
  if ('cannot' in corruptLedger) t.comment(`not shown: row 20: a corrupt ledger: ${corruptLedger.cannot}`);
  else
    t.test('row 20: a corrupt ledger is said to be so, and nobody writes by it', async (t) => {
      const store = await found(await open('fresh'));
      await store.putRecords(fence, scope, [record('a')]);
      await corruptLedger.begin();
      await t.rejects(store.read(), RecordsUnreadableError);
      await t.rejects((await open()).read(), RecordsUnreadableError);
      await t.rejects(store.putRecords(fence, scope, [record('b')]), RecordsUnreadableError);
      await t.rejects(store.removeRecords(fence, scope, [record('a')]), RecordsUnreadableError);
      await t.rejects(store.collectGarbage(fence), RecordsUnreadableError);
      t.same(await store.records(scope), [record('a')]);
    });

  if ('cannot' in corruptRecords) t.comment(`not shown: row 20: corrupt records: ${corruptRecords.cannot}`);
  else
    t.test('row 20: corrupt records are said to be so, and the rest goes on', async (t) => {
      const store = await found(await open('fresh'));
      const next = { ...scope, epoch: asEpoch(2) };
      await store.putRecords(fence, scope, [record('a')]);
      await store.putRecords(fence, next, [record('a')]);
      await corruptRecords.begin();
      await t.rejects(store.records(scope), RecordsUnreadableError);
      t.same(await store.records(next), [record('a')]);
      t.ok(await store.read());
      t.equal(await store.putRecords(fence, next, [record('b')]), 'written');
    });
}
