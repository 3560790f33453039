import t, { type Test } from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { destroySession } from '../../../src/nfs4/operations/destroy-session.ts';
import { lockT } from '../../../src/nfs4/operations/lock-t.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../src/nfs4/types.ts';
import { LEASE_MS, NodeUnderTest } from './fixtures/node-under-test.ts';
import { type OpenFile, TestClient } from './fixtures/test-client.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const { OPEN4_SHARE_ACCESS_READ: READ, OPEN4_SHARE_DENY_BOTH: DENY_BOTH } = nfs;
const PATIENCE_MS = 50;

/** Alice has had a lock and a deny mode, and is past her lease; Bob is there, in each version. */
async function silence(t: Test) {
  const node = new NodeUnderTest(t, { courtesy: 'until-conflict', patienceMs: PATIENCE_MS });
  const alice = await new TestClient(node, 'alice').start();
  const locked = await alice.opened('locked');
  await alice.locked(locked);
  const denied = await alice.opened('denied', 'app', { create: true, access: READ, deny: DENY_BOTH });
  const bob = await new TestClient(node, 'bob').start();
  const old = await new SessionlessTestClient(node, 'old bob').start();
  const bobs = await bob.opened('locked');
  const olds = await old.opened('locked');
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += LEASE_MS / 4) {
      await node.clock.advance(LEASE_MS / 4);
      await bob.renew();
      await old.renew();
    }
  };
  await pass(LEASE_MS * 1.5);
  return { node, alice, bob, old, locked, denied, bobs, olds };
}

type Silence = Awaited<ReturnType<typeof silence>>;

const test = ({ bob }: Silence, { handle }: OpenFile) =>
  bob.try(
    call(putFh, { object: handle }),
    call(lockT, {
      lockType: nfs.WRITE_LT,
      offset: 0n,
      length: 8n,
      owner: { clientId: bob.clientId, owner: Buffer.from('bob') },
    }),
  );

const CONFLICTS: Readonly<Record<string, (of: Silence) => Promise<string>>> = {
  LOCK: async ({ bob, bobs }) => (await bob.lock(bobs)).status,
  'LOCK in 4.0': async ({ old, olds }) => (await old.lock(olds)).status,
  LOCKT: (of) => test(of, of.bobs),
  OPEN: async ({ bob }) => (await bob.opened('denied')) && 'OK',
  'OPEN in 4.0': async ({ old }) => (await old.opened('denied')) && 'OK',
  READ: async ({ bob, denied }) => (await bob.read(denied, ANONYMOUS_STATEID)).trim(),
  WRITE: ({ bob, denied }) => bob.write(denied, 'x', ANONYMOUS_STATEID),
};

for (const [name, conflict] of Object.entries(CONFLICTS)) {
  t.test(`row 21: a ${name} that ends a courtesy waits for the record, and is granted`, async (t) => {
    const given = await silence(t);
    const before = given.node.events.length;
    t.equal(await conflict(given), 'OK');
    t.notOk(
      given.node.events.slice(before).some(({ event }) => event === 'refuse'),
      'to wait is not to be refused',
    );
    t.notOk(given.node.coordination.records.has('alice'), 'the record went first');
    t.equal(await given.alice.read(given.locked), 'EXPIRED');
  });
}

t.test(
  'I6: what waits for a record that is not gone is told DELAY in the end, and gets nothing',
  async (t) => {
    const { node, bob, bobs } = await silence(t);
    node.coordination.hold();
    const waiting = bob.lock(bobs);
    await node.coordination.untilHolding(1);
    t.ok(node.coordination.records.has('alice'));
    await node.clock.advance(PATIENCE_MS);
    t.equal((await waiting).status, 'DELAY');
    node.coordination.letGo();
    await node.clock.advance(1);
    t.equal((await bob.lock(bobs)).status, 'OK');
  },
);

t.test('in 4.0 what was waited for has one seqid: the answer counts, not the waiting', async (t) => {
  const { node, old, olds } = await silence(t);
  node.coordination.hold();
  const waiting = old.lock(olds);
  await node.coordination.untilHolding(1);
  await node.clock.advance(PATIENCE_MS);
  t.equal((await waiting).status, 'DELAY');
  node.coordination.letGo();
  await node.clock.advance(1);
  const held = await old.locked(olds);
  t.equal(await old.unlock(held), 'OK');
  t.equal(await old.closeFile(olds), 'OK');
});

t.test('a repetition of a request in 4.0 that still waits gets the same answer', async (t) => {
  const { node, old, olds } = await silence(t);
  node.coordination.hold();
  const message = node.encode(
    [call(putFh, { object: olds.handle }), old.newLockCall(olds, 'locker')],
    old.sender,
    0,
  );
  const first = node.server.handleCall(message);
  await node.coordination.untilHolding(1);
  const second = node.server.handleCall(message);
  node.coordination.letGo();
  t.same(await second, await first);
});

t.test('a session is not destroyed while a request of it waits', async (t) => {
  const { node, bob, bobs } = await silence(t);
  node.coordination.hold();
  const waiting = bob.lock(bobs);
  await node.coordination.untilHolding(1);
  const busy = await node.send([call(destroySession, { sessionId: bob.sessionId })]);
  t.equal(statusName(busy.status), 'DELAY', 'a slot is busy');
  node.coordination.letGo();
  t.equal((await waiting).status, 'OK');
});

t.test(
  'a client that starts anew while a request of its earlier life waits: that one gets nothing any more',
  async (t) => {
    const { node, bob, bobs } = await silence(t);
    node.coordination.hold();
    const waiting = bob.lock(bobs);
    await node.coordination.untilHolding(1);
    const again = new TestClient(node, 'bob');
    again.verifier = Buffer.from('later on');
    await again.exchange();
    const beginning = again.createSession();
    await node.coordination.untilHolding(2);
    node.coordination.letGoNewest();
    await new Promise(setImmediate);
    const before = node.events.length;
    node.coordination.letGo();
    t.equal((await waiting).status, 'DEADSESSION');
    t.equal(await beginning, 'OK');
    t.notOk(node.events.slice(before).some(({ event }) => event === 'grant'));
  },
);

t.test('a server that stops while a request waits gives nothing any more', async (t) => {
  const { node, bob, bobs } = await silence(t);
  node.coordination.hold();
  const waiting = bob.lock(bobs);
  await node.coordination.untilHolding(1);
  const before = node.events.length;
  const closing = node.server.close();
  node.coordination.letGo();
  const answer = await waiting.then(
    ({ status }) => status,
    () => 'none',
  );
  t.not(answer, 'OK');
  t.notOk(node.events.slice(before).some(({ event }) => event === 'grant'));
  await closing;
});
