import t, { type Test } from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { testStateid } from '../../../src/nfs4/operations/test-stateid.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { LEASE_MS, NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

/** The clock of a process that can be stopped: time passes outside, and no timer runs. */
class PausableClock extends VirtualClock {
  #pausedMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.#pausedMs;
  }

  pause(ms: number): void {
    this.#pausedMs += ms;
  }
}

/** Alice holds a lock, Bob wants it, and half of their newest leases has passed when the process is stopped. */
async function beforePause(t: Test, courtesy: 'none' | 'until-conflict') {
  const clock = new PausableClock();
  const node = new NodeUnderTest(t, { courtesy, clock });
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const held = await alice.locked(await alice.opened('f'));
  const bobs = await bob.opened('f');
  for (let half = 0; half < 5; half += 1) {
    await alice.renew();
    await bob.renew();
    await clock.advance(LEASE_MS / 2);
  }
  return { node, clock, alice, bob, held, bobs };
}

/** Alice holds a lock and falls silent for longer than her lease; Bob is there and wants it. */
async function silence(t: Test, courtesy: 'none' | 'until-conflict') {
  const node = new NodeUnderTest(t, { courtesy });
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const file = await alice.opened('f');
  const held = await alice.locked(file);
  const bobs = await bob.opened('f');
  for (let passed = 0; passed < LEASE_MS * 1.5; passed += LEASE_MS / 4) {
    await node.clock.advance(LEASE_MS / 4);
    await bob.renew();
  }
  return { node, alice, bob, file, held, bobs };
}

t.test('a lease is renewed by SEQUENCE', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const held = await alice.locked(await alice.opened('f'));
  for (let index = 0; index < 8; index += 1) {
    await node.clock.advance(LEASE_MS * 0.9);
    t.equal(await alice.renew(), 'OK');
  }
  t.equal(await alice.unlock(held), 'OK');
});

for (const courtesy of ['none', 'until-conflict'] as const) {
  t.test(`a pause of the server costs no client its lease, courtesy ${courtesy}`, async (t) => {
    for (const first of ['the sweep', 'a conflict'] as const) {
      const { node, clock, alice, bob, held, bobs } = await beforePause(t, courtesy);
      clock.pause(LEASE_MS * 3);
      // What comes first after the pause, while what Alice sent meanwhile waits unread.
      if (first === 'the sweep') await clock.advance(LEASE_MS / 2);
      t.equal((await bob.lock(bobs)).status, 'DENIED', first);
      await clock.advance(LEASE_MS / 4);
      t.ok(node.coordination.records.has('alice'), first);
      t.equal(await alice.renew(), 'OK', first);
      t.equal(alice.statusFlags, 0, first);
      t.equal(await alice.unlock(held), 'OK', first);
    }
  });
}

t.test('after a pause a client that stays silent expires all the same', async (t) => {
  const { node, clock, bob, bobs } = await beforePause(t, 'none');
  clock.pause(LEASE_MS * 3);
  for (let passed = 0; passed < LEASE_MS * 1.5; passed += LEASE_MS / 4) {
    await bob.renew();
    await clock.advance(LEASE_MS / 4);
  }
  t.notOk(node.coordination.records.has('alice'));
  t.equal((await bob.lock(bobs)).status, 'OK');
});

t.test('row 17: edge condition 1: what expired and went to another is not reclaimed', async (t) => {
  const { node, alice, bob, file, bobs } = await silence(t, 'none');
  const { held } = await bob.lock(bobs);
  t.ok(held);
  if (held !== null) await bob.unlock(held);
  await node.reboot();
  await alice.connect();
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'NO_GRACE');
});

t.test('row 21: without courtesy all of an expired client goes at expiry, record first', async (t) => {
  const { node, bob, bobs } = await silence(t, 'none');
  t.notOk(node.coordination.records.has('alice'));
  t.equal((await bob.lock(bobs)).status, 'OK');
  t.equal(node.events.filter((event) => event.event === 'release' && event.client === 'alice').length, 2);
});

t.test('row 19: what expired is recorded as not told yet; what left for good is not recorded', async (t) => {
  const { node, alice } = await silence(t, 'none');
  t.same(
    node.coordination.journal.filter((line) => /^(revoked|forgot)/.test(line)),
    ['revoked alice'],
  );
  const reborn = new TestClient(node, 'alice');
  await reborn.connect();
  t.equal(node.coordination.journal.at(-2), 'forgot alice');
  t.equal(await alice.renew(), 'BADSESSION');
});

t.test('row 21, I6: the lock is not given to others before the record is durably gone', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  await alice.locked(await alice.opened('f'));
  const bobs = await bob.opened('f');
  node.coordination.store = 'unavailable';
  await node.clock.advance(LEASE_MS * 0.6);
  await bob.renew();
  await node.clock.advance(LEASE_MS * 0.6);
  t.equal((await bob.lock(bobs)).status, 'DELAY');
  t.equal(await alice.renew(), 'DELAY', 'nor may the client go on with it');
  t.ok(node.coordination.records.has('alice'));
  node.coordination.store = 'durable';
  await node.clock.advance(LEASE_MS * 0.3);
  t.equal((await bob.lock(bobs)).status, 'OK', 'the removal is tried again');
});

t.test('row 21: with courtesy the locks stay, and the client goes on as if nothing had been', async (t) => {
  const { node, alice, held } = await silence(t, 'until-conflict');
  t.ok(node.coordination.records.has('alice'));
  t.equal(await alice.renew(), 'OK');
  t.equal(alice.statusFlags, 0);
  t.equal(await alice.unlock(held), 'OK');
});

t.test('row 21: courtesy ends with the first conflicting LOCK, and then all of the state goes', async (t) => {
  const { node, alice, bob, file, bobs } = await silence(t, 'until-conflict');
  t.equal((await bob.lock(bobs)).status, 'DELAY');
  await node.clock.advance(1);
  t.notOk(node.coordination.records.has('alice'));
  t.equal((await bob.lock(bobs)).status, 'OK');
  t.equal(await alice.read(file), 'EXPIRED', 'the open is gone with the lock');
});

t.test('row 21: courtesy ends with a conflicting OPEN, and with I/O against a deny mode', async (t) => {
  for (const conflict of ['open', 'read'] as const) {
    const node = new NodeUnderTest(t, { courtesy: 'until-conflict' });
    const alice = await new TestClient(node, 'alice').start();
    const bob = await new TestClient(node, 'bob').start();
    const file = await alice.opened('f', 'app', { create: true, deny: nfs.OPEN4_SHARE_DENY_BOTH });
    const attempt = () =>
      conflict === 'open'
        ? bob.open('f')
        : bob.read(file, ANONYMOUS_STATEID).then((status) => status.slice(0, 6).trim());
    t.equal(await attempt(), conflict === 'open' ? 'SHARE_DENIED' : 'LOCKED');
    await node.clock.advance(LEASE_MS * 0.6);
    await bob.renew();
    await node.clock.advance(LEASE_MS * 0.6);
    t.equal(await attempt(), 'DELAY');
    await node.clock.advance(1);
    t.not(await attempt(), 'DELAY');
    t.equal(await alice.renew(), 'OK');
    t.equal(alice.statusFlags, nfs.SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED);
  }
});

t.test(
  'row 22: a revoked stateid is EXPIRED until FREE_STATEID; SEQUENCE shows it until the last one',
  async (t) => {
    const { node, alice, file, held } = await silence(t, 'none');
    t.equal(await alice.renew(), 'OK', 'client id and session are still there, so that it can be told');
    t.equal(alice.statusFlags, nfs.SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED);
    t.equal(await alice.read(file), 'EXPIRED');
    t.equal(await alice.unlock(held), 'EXPIRED');
    t.equal(await alice.closeFile(file), 'EXPIRED');
    const tested = (await alice.run([call(testStateid, { stateids: [file.stateid, held.stateid] })]))
      .results[1];
    t.same(tested?.status === 0 && tested.statusCodes.map(statusName), ['EXPIRED', 'EXPIRED']);
    t.equal(await alice.free(held.stateid), 'OK');
    await alice.renew();
    t.equal(alice.statusFlags, nfs.SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED, 'one is left');
    t.equal(await alice.free(file.stateid), 'OK');
    await alice.renew();
    t.equal(alice.statusFlags, 0);
    t.equal(await alice.free(file.stateid), 'BAD_STATEID');
    t.notOk(node.coordination.records.has('alice'));
  },
);

t.test('I5: no new state for a client that has not acknowledged its loss', async (t) => {
  const { alice } = await silence(t, 'none');
  t.equal(await alice.open('other'), 'EXPIRED');
});

t.test(
  'I6: after the acknowledgement the record is written again, and is durable before new state',
  async (t) => {
    const { node, alice, file, held } = await silence(t, 'none');
    await alice.free(held.stateid);
    await alice.free(file.stateid);
    node.coordination.hold();
    t.equal(await alice.open('f'), 'DELAY');
    t.equal(await alice.open('f'), 'DELAY');
    node.coordination.letGo();
    await node.clock.advance(1);
    t.ok(node.coordination.records.has('alice'));
    t.type(await alice.open('f'), 'object', 'without another RECLAIM_COMPLETE');
  },
);

t.test(
  'row 19: a client that has not acknowledged its loss is not recorded by RECLAIM_COMPLETE',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = await new TestClient(node, 'alice').start();
    const file = await alice.opened('f');
    await node.reboot();
    await alice.connect();
    t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'OK');
    await node.clock.advance(LEASE_MS * 1.5);
    // Whatever the coordinator may say.
    node.coordination.recoverable.set('alice', 'sys:0@machine');
    t.equal(await alice.openByHandle({ ...file }, nfs.CLAIM_PREVIOUS), 'NO_GRACE', 'not a second time');
    t.equal(await alice.complete(), 'OK');
    t.notOk(node.coordination.records.has('alice'));
    node.coordination.lift();
    await alice.free(file.stateid);
    t.equal(await alice.open('f'), 'DELAY');
    await node.clock.advance(1);
    t.type(await alice.open('f'), 'object');
    t.ok(node.coordination.records.has('alice'));
  },
);

t.test('an idle client that was silent gets its record back before its next new state', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await node.clock.advance(LEASE_MS * 1.5);
  t.notOk(node.coordination.records.has('alice'));
  t.equal(await alice.open('f'), 'DELAY');
  await node.clock.advance(1);
  t.type(await alice.open('f'), 'object');
  t.ok(node.coordination.records.has('alice'));
});

t.test('a store that is slow is asked once for a record, however often its client asks', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await node.clock.advance(LEASE_MS * 1.5);
  node.coordination.journal.length = 0;
  node.coordination.hold();
  for (let i = 0; i < 5; i++) t.equal(await alice.open('f'), 'DELAY');
  await node.coordination.untilHolding(1);
  node.coordination.letGo();
  await node.clock.advance(1);
  t.same(node.coordination.journal, ['completed alice']);
});

t.test('a client that waits for our answer does not expire', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const file = await alice.opened('f');
  await node.reboot();
  await alice.connect();
  await alice.openByHandle(file, nfs.CLAIM_PREVIOUS);
  node.coordination.hold();
  const pending = alice.complete();
  await node.clock.advance(LEASE_MS * 3);
  node.coordination.letGo();
  t.equal(await pending, 'OK');
  t.equal(await alice.write(file, 'x'), 'OK');
});

t.test('a RECLAIM_COMPLETE that waits for the store does not survive its client', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').connect();
  node.coordination.hold();
  const completing = alice.complete();
  const reborn = new TestClient(node, 'alice');
  await reborn.exchange();
  const created = reborn.createSession();
  node.coordination.letGo();
  t.equal(await created, 'OK');
  t.not(await completing, 'OK');
  t.notOk(node.coordination.records.has('alice'), 'the new life has not completed');
  t.equal(node.coordination.journal.at(-2), 'forgot alice');
});

t.test(
  'a silent client without state is forgotten after a while, and a late comer starts over',
  async (t) => {
    const node = new NodeUnderTest(t, { limits: { silentLeases: 5 } });
    const alice = await new TestClient(node, 'alice').start();
    await alice.opened('f');
    await node.clock.advance(LEASE_MS * 6);
    t.same(node.server.summary().clients, []);
    t.equal(await alice.renew(), 'BADSESSION');
    t.equal(await alice.createSession(), 'STALE_CLIENTID');
  },
);

t.test('a lapsed client that comes back before anybody noticed goes on', async (t) => {
  const node = new NodeUnderTest(t, { courtesy: 'until-conflict', limits: { silentLeases: 3 } });
  const alice = await new TestClient(node, 'alice').start();
  const file = await alice.opened('f');
  await node.clock.advance(LEASE_MS * 10);
  t.equal(
    await alice.try(
      call(putFh, { object: file.handle }),
      call(read, { stateid: file.stateid, offset: 0n, count: 1 }),
    ),
    'OK',
  );
});

t.test('C11: a planned stop lets go of all state, keeps the records and answers nothing more', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await alice.locked(await alice.opened('f'));
  node.server.releaseAllState();
  t.same(
    node.server.summary().clients.map(({ opens, locks }) => ({ opens, locks })),
    [{ opens: 0, locks: 0 }],
  );
  t.ok(node.coordination.records.has('alice'));
  await t.rejects(alice.renew(), /did not answer/);
  const before = node.events.length;
  await node.clock.advance(LEASE_MS * 50);
  t.equal(node.events.length, before);
  t.ok(node.coordination.records.has('alice'));
});
