/** Rows 21 and 22: what becomes of the state of a client that fell silent. */
import * as nfs from '../../nfs4/constants.ts';
import { NotApplicable, Unjudged } from '../outcome.ts';
import type { HeldLock, OpenFile } from '../requests.ts';
import type { RowTest } from '../row-test.ts';
import type { Trial } from '../trial.ts';
import type { WireClient } from '../wire-client.ts';

interface Taken {
  readonly alice: WireClient;
  readonly bob: WireClient;
  /** What Bob wanted and got. */
  readonly wanted: OpenFile;
  /** What nobody wanted. */
  readonly left: HeldLock;
}

/** Alice has two files locked and falls silent for longer than her lease; then Bob wants one of them. */
async function conflict(t: Trial): Promise<Taken & { status: string }> {
  const alice = await t.client('alice').start();
  const wanted = await alice.opened(t.file('wanted'));
  await alice.locked(wanted);
  const left = await alice.locked(await alice.opened(t.file('left')));
  const bob = await t.client('bob').start();
  const bobs = await bob.opened(wanted.name, { create: null });
  const before = (await bob.lock(bobs)).status;
  if (before !== 'DENIED') throw new Unjudged(`LOCK of what another holds was answered ${before}`);
  alice.fallSilent();
  await t.pause(t.leaseMs * 1.1);
  const status = await t.until('OK', t.leaseMs * 3, async () => (await bob.lock(bobs)).status);
  return { alice, bob, wanted, left, status };
}

const atConflict: RowTest = {
  row: 21,
  title: 'a conflict gets the lock of an expired client, and then all of its state is gone',
  async run(t) {
    const { bob, left, status } = await conflict(t);
    t.expect('LOCK against an expired lock', status, 'OK');
    const bobs = await bob.opened(left.file.name, { create: null });
    t.expect('LOCK against its other lock', (await bob.lock(bobs)).status, 'OK');
  },
};

const withoutConflict: RowTest = {
  row: 21,
  title: 'nobody wants it: the client goes on, or is told',
  async run(t) {
    const alice = await t.client('alice').start();
    const held = await alice.locked(await alice.opened(t.file('f')));
    alice.fallSilent();
    await t.pause(t.leaseMs * 1.3);
    const renewed = await alice.renew();
    t.expect('SEQUENCE after the lease', renewed, 'OK', 'BADSESSION', 'DEADSESSION');
    if (renewed !== 'OK') return;
    const lost = (alice.statusFlags & EXPIRED) !== 0;
    const unlocked = await alice.unlock(held);
    // Courtesy, or a loss that is told; never a lock that is gone without a word.
    if (lost) t.expect('LOCKU', unlocked, 'EXPIRED', 'ADMIN_REVOKED');
    else t.expect('LOCKU', unlocked, 'OK');
  },
};

const EXPIRED = nfs.SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED | nfs.SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED;

const revoked: RowTest = {
  row: 22,
  title: 'stateids of an expired client, until it has freed them',
  async run(t) {
    const { alice, wanted, left, status } = await conflict(t);
    alice.given('the LOCK that makes the lease end', status);
    const renewed = await alice.renew();
    if (renewed !== 'OK')
      throw new NotApplicable(
        `an expired client is forgotten whole (SEQUENCE: ${renewed}), so it has no stateid left`,
      );
    const shown = () => ((alice.statusFlags & EXPIRED) === 0 ? 'not shown' : 'shown');
    t.expect('SEQ4_STATUS_EXPIRED_*', shown(), 'shown');
    t.expect('READ', await alice.read(wanted), 'EXPIRED', 'ADMIN_REVOKED');
    t.expect('LOCKU', await alice.unlock(left), 'EXPIRED', 'ADMIN_REVOKED');
    // Locks first: an open with locks may not be freed.
    const stateids = [left.stateid, left.file.stateid, wanted.stateid];
    for (const stateid of stateids) {
      const [judged = 'nothing'] = await alice.test(stateid);
      t.expect('TEST_STATEID', judged, 'EXPIRED', 'ADMIN_REVOKED');
    }
    for (const stateid of stateids) t.expect('FREE_STATEID', await alice.free(stateid), 'OK');
    t.expect('READ after FREE_STATEID', await alice.read(wanted), 'BAD_STATEID');
  },
};

export const LEASES: readonly RowTest[] = [atConflict, withoutConflict, revoked];
