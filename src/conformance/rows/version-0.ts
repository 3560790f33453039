/** Row 33: the same in version 4.0 (RFC 7530 sections 9.1 and 9.6). */
import { OPEN4_RESULT_CONFIRM } from '../../nfs4/constants.ts';
import { NFS4_OK } from '../../nfs4/status.ts';
import type { RowTest } from '../row-test.ts';

const VERSION_0 = { row: 33, versions: [0], restarts: true } as const;

const stale: RowTest = {
  ...VERSION_0,
  title: 'client id and stateid of before the restart',
  async run(t) {
    const alice = await t.client0('alice').start();
    const file = await alice.opened(t.file('f'));
    await t.restart();
    t.expect('RENEW', await alice.renew(), 'STALE_CLIENTID');
    t.expect('OPEN', (await alice.open(t.file('new'))).status, 'STALE_CLIENTID');
    t.expect('READ', await alice.read(file), 'STALE_STATEID');
  },
};

const reclaim: RowTest = {
  ...VERSION_0,
  title: 'the reclaim of an open needs no OPEN_CONFIRM, and its lock can be reclaimed at once',
  async run(t) {
    const alice = await t.client0('alice').start();
    const file = await alice.opened(t.file('f'));
    const locked = await alice.lock(file);
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await alice.start();
      const { status, result } = await alice.reclaimOpen(file);
      t.expect('OPEN, reclaim', status, 'OK');
      if (result?.status !== NFS4_OK) return;
      const wanted = (result.rflags & OPEN4_RESULT_CONFIRM) !== 0;
      t.hold(!wanted, 'OPEN4_RESULT_CONFIRM of a reclaim', 'not set', 'set');
      t.expect('LOCK before the restart', locked, 'OK');
      t.expect('LOCK, reclaim', await alice.lock(file, { reclaim: true }), 'OK');
      t.expect('READ', await alice.read(file), 'OK');
    });
  },
};

const numbers: RowTest = {
  ...VERSION_0,
  title: 'GRACE advances the number of an owner',
  async run(t) {
    const alice = await t.client0('alice').start();
    const file = await alice.opened(t.file('f'));
    const life = await t.restart();
    await t.inGrace(life, async () => {
      await alice.start();
      const { status } = await alice.reclaimOpen(file);
      t.expect('OPEN, reclaim', status, 'OK');
      if (status !== 'OK') return;
      // Each of them is a request of the same owner, with the number after the last one's.
      const existing = { create: null };
      t.expect('OPEN', (await alice.open(file.name, existing)).status, 'GRACE');
      t.expect('OPEN with the next number', (await alice.open(file.name, existing)).status, 'GRACE');
      t.expect('LOCK with the one after that', await alice.lock(file), 'GRACE');
      t.expect('CLOSE with the one after that', await alice.closeFile(file), 'OK');
    });
  },
};

const end: RowTest = {
  ...VERSION_0,
  title: 'grace ends though a recorded client stays away; then reclaims are refused and opens are not',
  async run(t) {
    const alice = await t.client0('alice').start();
    const file = await alice.opened(t.file('f'));
    const life = await t.restart();
    await life.graceEnd;
    await alice.start();
    t.expect('OPEN, reclaim, after grace', (await alice.reclaimOpen(file)).status, 'NO_GRACE');
    t.expect(
      'OPEN after grace',
      (await alice.open(file.name, { create: null, owner: 'another' })).status,
      'OK',
    );
  },
};

export const IN_VERSION_0: readonly RowTest[] = [stale, reclaim, numbers, end];
