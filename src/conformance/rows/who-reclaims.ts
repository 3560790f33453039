/** Rows 7, 9 to 12, 26, 34 and 35: who may reclaim what, and when. */
import * as nfs from '../../nfs4/constants.ts';
import type { RowTest } from '../row-test.ts';
import { NOBODY_SPECIAL, SOMEBODY_ELSE } from '../server-under-test.ts';
import type { Trial } from '../trial.ts';
import type { WireClient } from '../wire-client.ts';

const recorded: RowTest = {
  row: 7,
  title: 'a recorded client reclaims open and lock, and really has them',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await alice.connect();
      t.expect('OPEN, reclaim', await alice.reclaimOpen(file), 'OK');
      t.expect('LOCK, reclaim', await alice.reclaimLock(file), 'OK');
      alice.given('RECLAIM_COMPLETE', await alice.complete());
    });
    await life.graceEnd;
    const bob = await t.client('bob').start();
    const bobs = await bob.opened(file.name, { create: null });
    t.expect("another's LOCK after grace", (await bob.lock(bobs)).status, 'DENIED');
  },
};

const withoutGrace: RowTest = {
  row: 9,
  title: 'reclaims without a restart',
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    t.expect('LOCK, reclaim', await alice.reclaimLock(file), 'NO_GRACE');
    t.expect('OPEN, reclaim', await alice.reclaimOpen({ ...file, owner: 'another' }), 'NO_GRACE');
    const newcomer = await t.client('newcomer').connect();
    t.expect('OPEN, reclaim, before RECLAIM_COMPLETE', await newcomer.reclaimOpen({ ...file }), 'NO_GRACE');
  },
};

const tooLate: RowTest = {
  row: 9,
  title: 'reclaims of a recorded client that comes when grace is over',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    await alice.locked(file);
    const life = await t.restart();
    await life.graceEnd;
    await alice.connect();
    t.expect('OPEN, reclaim', await alice.reclaimOpen(file), 'NO_GRACE');
  },
};

const stranger: RowTest = {
  row: 10,
  title: 'an OPEN and a LOCK that a client without a record says it had',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    const life = await t.restart();
    await t.inGrace(life, async () => {
      const mallory = await t.client('mallory').connect();
      const hers = { ...file };
      const status = await mallory.reclaimOpen(hers);
      t.expect('OPEN, reclaim', status, 'NO_GRACE', 'RECLAIM_BAD');
      if (status === 'OK')
        t.expect('LOCK, reclaim', await mallory.reclaimLock(hers), 'NO_GRACE', 'RECLAIM_BAD');
    });
  },
};

/** Two clients that both had the file open, and both are back. */
async function bothBack(t: Trial, judge: (alice: WireClient, bob: WireClient, f: Files) => Promise<void>) {
  const alice = await t.client('alice').start();
  const bob = await t.client('bob').start();
  const files = { alices: await alice.opened(t.file('f')), bobs: await bob.opened(t.file('f')) };
  const life = await t.restart();
  await t.inGrace(life, async () => {
    await alice.connect();
    await bob.connect();
    await judge(alice, bob, files);
  });
}

interface Files {
  readonly alices: Awaited<ReturnType<WireClient['opened']>>;
  readonly bobs: Awaited<ReturnType<WireClient['opened']>>;
}

const opensConflict: RowTest = {
  row: 11,
  title: 'an open for writing against a reclaimed open that denies it',
  restarts: true,
  run: (t) =>
    bothBack(t, async (alice, bob, { alices, bobs }) => {
      const deny = nfs.OPEN4_SHARE_DENY_WRITE;
      alice.given('the reclaim of an open with a deny mode', await alice.reclaimOpen(alices, { deny }));
      t.expect('the second OPEN, reclaim', await bob.reclaimOpen(bobs), 'RECLAIM_CONFLICT');
    }),
};

const locksConflict: RowTest = {
  row: 35,
  title: 'a lock against a reclaimed lock',
  restarts: true,
  run: (t) =>
    bothBack(t, async (alice, bob, { alices, bobs }) => {
      alice.given('the reclaim of an open', await alice.reclaimOpen(alices));
      bob.given('the reclaim of an open', await bob.reclaimOpen(bobs));
      alice.given('the reclaim of a lock', await alice.reclaimLock(alices));
      t.expect('the second LOCK, reclaim', await bob.reclaimLock(bobs), 'RECLAIM_CONFLICT');
    }),
};

const withoutPermission: RowTest = {
  row: 12,
  title: 'an open of a file whose permissions forbid it, and a lock that its open does not allow',
  restarts: true,
  async run(t) {
    const root = await t.client('root').start();
    const closed = await root.opened(t.file('closed'), { create: 0o600 });
    const readable = await root.opened(t.file('readable'), { create: 0o644 });
    const carol = await t.client('carol', { principal: NOBODY_SPECIAL }).start();
    const reading = { access: nfs.OPEN4_SHARE_ACCESS_READ, create: null };
    const hers = await carol.opened(readable.name, reading);
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await carol.connect();
      t.expect('OPEN, reclaim', await carol.reclaimOpen({ ...closed }), 'ACCESS', 'PERM');
      carol.given('the reclaim of an open for reading', await carol.reclaimOpen(hers, reading));
      t.expect(
        'LOCK for writing, reclaim, on an open for reading',
        await carol.reclaimLock(hers),
        'OPENMODE',
      );
    });
  },
};

const otherPrincipal: RowTest = {
  row: 26,
  title: 'the owner id of a recorded client, from another principal',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice', { principal: NOBODY_SPECIAL }).start();
    const file = await alice.opened(t.file('f'));
    alice.given('SETATTR of the mode', await alice.setMode(file, 0o666));
    const life = await t.restart();
    await t.inGrace(life, async () => {
      const mallory = t.client('mallory', { as: alice, sameVerifier: true, principal: SOMEBODY_ELSE });
      const { status } = await mallory.exchange();
      if (status !== 'OK') return t.expect('EXCHANGE_ID', status, 'CLID_INUSE');
      mallory.given('CREATE_SESSION', await mallory.createSession());
      const refusals = ['RECLAIM_BAD', 'NO_GRACE'];
      t.expect('OPEN, reclaim', await mallory.reclaimOpen({ ...file }), ...refusals);
    });
  },
};

const oldStateid: RowTest = {
  row: 34,
  title: 'READ, LOCK and TEST_STATEID with a stateid of before the restart',
  restarts: true,
  async run(t) {
    const alice = await t.client('alice').start();
    const file = await alice.opened(t.file('f'));
    const old = { ...file };
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await alice.connect();
      t.expect('READ', await alice.read(old), 'BAD_STATEID');
      t.expect('LOCK, reclaim', await alice.reclaimLock(old), 'BAD_STATEID');
      alice.given('the reclaim of an open', await alice.reclaimOpen(file));
      t.expect('READ when its open was reclaimed', await alice.read(old), 'BAD_STATEID');
      const [judged = 'nothing'] = await alice.test(old.stateid);
      t.expect('TEST_STATEID', judged, 'BAD_STATEID');
    });
  },
};

export const WHO_RECLAIMS: readonly RowTest[] = [
  recorded,
  withoutGrace,
  tooLate,
  stranger,
  opensConflict,
  withoutPermission,
  otherPrincipal,
  oldStateid,
  locksConflict,
];
