/** Rows 6, 8, 13 and 14: what RECLAIM_COMPLETE begins and ends. */
import type { RowTest } from '../row-test.ts';

const beforeIt: RowTest = {
  row: 6,
  title: 'OPEN by name and by handle of a client that has nothing to reclaim, and no grace',
  async run(t) {
    const bob = await t.client('bob').start();
    const file = await bob.opened(t.file('f'));
    const alice = await t.client('alice').connect();
    t.expect('OPEN of a file that is there', (await alice.open(file.name, { create: null })).status, 'GRACE');
    t.expect('OPEN that makes a file', (await alice.open(t.file('new'))).status, 'GRACE');
    t.expect('OPEN by handle', await alice.openByHandle({ ...file }), 'GRACE');
    alice.given('RECLAIM_COMPLETE', await alice.complete());
    t.expect('OPEN by handle after RECLAIM_COMPLETE', await alice.openByHandle({ ...file }), 'OK');
  },
};

const stillBeforeIt: RowTest = {
  row: 6,
  title:
    'OPEN by handle and LOCK after grace, of a client that has reclaimed and has not said that this was all',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    const other = await alice.opened(t.file('other'));
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await alice.connect();
      alice.given('the reclaim of an open', await alice.reclaimOpen(file));
    });
    await life.graceEnd;
    t.expect('LOCK after grace', (await alice.lock(file)).status, 'GRACE');
    t.expect('OPEN by handle after grace', await alice.openByHandle({ ...other }), 'GRACE');
  },
};

const afterIt: RowTest = {
  row: 8,
  title: 'reclaims of an open and of a lock after the own RECLAIM_COMPLETE, during grace',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    const other = await alice.opened(t.file('other'));
    await alice.locked(file);
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await alice.connect();
      alice.given('the reclaim of an open', await alice.reclaimOpen(file));
      alice.given('RECLAIM_COMPLETE', await alice.complete());
      t.expect('LOCK, reclaim', await alice.reclaimLock(file), 'NO_GRACE');
      t.expect('OPEN, reclaim', await alice.reclaimOpen(other), 'NO_GRACE');
    });
  },
};

const twice: RowTest = {
  row: 13,
  title: 'a second one, and the repetition of the first',
  async run(t) {
    const alice = await t.client('alice').connect();
    const [first, again] = await alice.completeTwice();
    t.expect('the first', first, 'OK');
    t.expect('its repetition on the slot', again, 'OK');
    t.expect('a second one', await alice.complete(), 'COMPLETE_ALREADY');
  },
};

const oneFs: RowTest = {
  row: 14,
  title: 'with one_fs, without and with a filehandle; the global one stays to be said',
  async run(t) {
    const alice = await t.client('alice').connect();
    t.expect('without a filehandle', await alice.completeOneFs(null), 'NOFILEHANDLE');
    t.expect('with one', await alice.completeOneFs(t.directory), 'OK');
    t.expect('the global one afterwards', await alice.complete(), 'OK');
  },
};

export const RECLAIM_COMPLETE: readonly RowTest[] = [beforeIt, stillBeforeIt, afterIt, twice, oneFs];
