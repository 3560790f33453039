/** C11: the taker of an address holds what its clients held where that came from, and they come for it when they come. */
import t, { type Test } from 'tap';
import { asNodeId } from '../../../src/core/ids.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import type { ClientEstate } from '../../../src/server/estates/estate.ts';
import { at, GRACE_MS, handOver, N1, nodesWithAddresses as nodes } from './fixtures/handed-over.ts';
import { LEASE_MS, type NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { TestConnection } from './fixtures/test-connection.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

/** Alice has a file open at n1 and bytes 0 to 8 and 16 to 24 of it locked; then her address moves to n2, where bob is. */
async function moved(t: Test, before: (alice: TestClient, n1: NodeUnderTest) => unknown = () => {}) {
  const { n1, n2 } = nodes(t);
  const alice = await new TestClient(n1, 'alice').start();
  const file = await alice.opened('f', 'app', { create: true, deny: 0 });
  const held = await alice.locked(file);
  await alice.lockAgain(held, { offset: 16n });
  await before(alice, n1);
  const adopted = handOver(n1, n2);
  const bob = await new TestClient(n2, 'bob').start();
  return { n1, n2, alice: at(n2, alice), adopted, file: { ...file }, bob, wanted: await bob.opened('f') };
}

const FIRST = { offset: 0n, length: 8n };
const SECOND = { offset: 16n, length: 8n };

t.test('others meet what is held for a client that has not come yet', async (t) => {
  const { adopted, bob, wanted } = await moved(t);
  t.same(adopted, ['alice']);
  const { status, result } = await bob.lock(wanted, FIRST);
  t.equal(status, 'DENIED');
  t.match(result, { denied: { offset: 0n, length: 8n, owner: { owner: Buffer.from('app') } } });
  t.equal((await bob.lock(wanted, { offset: 8n })).status, 'OK', 'nobody had that');
});

t.test('it reclaims after the lift what was held for it, and others have had no moment', async (t) => {
  const { alice, file, bob, wanted, n2 } = await moved(t);
  await alice.connect();
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'OK');
  const { status, held } = await alice.lock(file, FIRST, nfs.WRITE_LT, true);
  t.equal(status, 'OK');
  t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
  t.equal((await bob.lock(wanted, SECOND)).status, 'DENIED', 'she may still ask for that');
  t.equal(await alice.complete(), 'OK');
  t.equal((await bob.lock(wanted, SECOND)).status, 'OK', 'she did not');
  const letGo = n2.events.filter(({ event, op }) => event === 'release' && op === 'lock');
  t.match(letGo, [{ client: 'alice', span: { start: 16, end: 24 } }]);
  t.equal(await alice.unlock(held!), 'OK');
  t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
  t.same(
    n2.events.filter(({ event, op }) => event === 'adopted' && op === 'lock').map(({ span }) => span),
    [
      { start: 0, end: 8 },
      { start: 16, end: 24 },
    ],
  );
});

t.test('a client that has as many ranges as it may reclaims what is held for it, and no more', async (t) => {
  const { n1, n2 } = nodes(t, { limits: { rangesPerClient: 2 } });
  const before = await new TestClient(n1, 'alice').start();
  const file = await before.opened('f', 'app', { create: true, deny: 0 });
  await before.lockAgain(await before.locked(file), { offset: 16n });
  handOver(n1, n2);
  const alice = at(n2, before);
  await alice.connect();
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'OK');
  t.equal((await alice.lock(file, FIRST, nfs.WRITE_LT, true)).status, 'OK');
  t.equal((await alice.lock(file, SECOND, nfs.WRITE_LT, true)).status, 'OK');
  t.equal(await alice.complete(), 'OK');
  t.equal((await alice.lock(file, { offset: 32n })).status, 'DELAY');
});

t.test('row 9: what was not held for it is refused after the lift, as ever', async (t) => {
  const { alice, file } = await moved(t);
  await alice.connect();
  t.equal(await alice.openByHandle({ ...file, owner: 'another' }, nfs.CLAIM_PREVIOUS), 'NO_GRACE');
  t.equal(
    await alice.openByHandle(file, nfs.CLAIM_PREVIOUS, { deny: nfs.OPEN4_SHARE_DENY_WRITE }),
    'NO_GRACE',
  );
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'OK');
  const wide = await alice.lock(file, { offset: 0n, length: 9n }, nfs.WRITE_LT, true);
  t.equal(wide.status, 'NO_GRACE');
  const between = await alice.lock(file, { offset: 8n }, nfs.WRITE_LT, true);
  t.equal(between.status, 'NO_GRACE');
  t.equal((await alice.lock(file, SECOND, nfs.READ_LT, true)).status, 'OK', 'less than it had');
});

t.test('row 9: nor is it given in a stronger mode than it was held in', async (t) => {
  const reading = { access: nfs.OPEN4_SHARE_ACCESS_READ };
  const { alice } = await moved(t, async (before) => {
    await before.opened('read', 'app', { create: true, ...reading });
    await before.lock(await before.opened('g'), FIRST, nfs.READ_LT);
  });
  await alice.connect();
  const held = async (name: string) => ({
    handle: await alice.handleOf(name),
    owner: 'app',
    stateid: { seqid: 0, other: Buffer.alloc(12) },
  });
  const [read, file] = [await held('read'), await held('g')];
  t.equal(await alice.openByHandle(read, nfs.CLAIM_PREVIOUS), 'NO_GRACE');
  t.equal(await alice.openByHandle(read, nfs.CLAIM_PREVIOUS, reading), 'OK');
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'OK');
  t.equal((await alice.lock(file, FIRST, nfs.WRITE_LT, true)).status, 'NO_GRACE');
  t.equal((await alice.lock(file, FIRST, nfs.READ_LT, true)).status, 'OK');
});

t.test('row 8: nor anything after its own RECLAIM_COMPLETE', async (t) => {
  const { alice, file } = await moved(t);
  await alice.start();
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'NO_GRACE');
});

t.test('what it has unlocked it does not reclaim, though it was held for it', async (t) => {
  const { alice, file } = await moved(t);
  await alice.connect();
  await alice.openByHandle(file, nfs.CLAIM_PREVIOUS);
  const { held } = await alice.lock(file, FIRST, nfs.WRITE_LT, true);
  t.equal(await alice.unlock(held!), 'OK');
  t.equal((await alice.lock(file, FIRST, nfs.WRITE_LT, true)).status, 'NO_GRACE');
});

t.test(
  'row 23: a new life of the client frees what was held for the one before, its record first',
  async (t) => {
    const { alice, bob, wanted, n2 } = await moved(t);
    alice.verifier = Buffer.from('new life');
    n2.coordination.store = 'unavailable';
    await alice.exchange();
    t.equal(await alice.createSession(), 'DELAY');
    t.equal((await bob.lock(wanted, FIRST)).status, 'DELAY', 'nobody has it before that is durable');
    n2.coordination.store = 'durable';
    t.equal(await alice.createSession(), 'OK');
    t.notOk(n2.coordination.records.has('alice'));
    t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
  },
);

t.test('row 26: a stranger with its owner id has nothing of it', async (t) => {
  const { alice, file, bob, wanted } = await moved(t);
  const mallory = at(alice.node, alice);
  mallory.sender = { uid: 7, machine: 'elsewhere' };
  await mallory.connect();
  t.equal(await mallory.openByHandle(file, nfs.CLAIM_PREVIOUS), 'NO_GRACE');
  t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
});

t.test(
  'row 17: who never comes loses it a lease after a grace would be over, its record first',
  async (t) => {
    const { n2, bob, wanted } = await moved(t);
    for (let ms = 0; ms < GRACE_MS - 100; ms += 100) {
      await n2.clock.advance(100);
      await bob.renew();
    }
    t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED', 'for as long as a grace lasts');
    t.ok(n2.coordination.records.has('alice'));
    n2.coordination.store = 'unavailable';
    await n2.clock.advance(400);
    await bob.renew();
    t.equal((await bob.lock(wanted, FIRST)).status, 'DELAY');
    n2.coordination.store = 'durable';
    await n2.clock.advance(400);
    t.notOk(n2.coordination.records.has('alice'));
    t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
  },
);

t.test('row 19: and hears of it when it comes', async (t) => {
  const { n2, alice, file } = await moved(t);
  await n2.clock.advance(GRACE_MS + LEASE_MS);
  await alice.connect();
  t.equal(await alice.openByHandle(file, nfs.CLAIM_PREVIOUS), 'NO_GRACE');
  t.equal(await alice.complete(), 'OK');
});

t.test(
  'its lease goes on with the client that has come, and with it what it has not asked for yet',
  async (t) => {
    const { n2, alice, bob, wanted } = await moved(t);
    await alice.connect();
    for (let ms = 0; ms < 2 * GRACE_MS; ms += 300) {
      await n2.clock.advance(300);
      await alice.renew();
      await bob.renew();
    }
    t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
    await n2.clock.advance(600);
    await bob.renew();
    await n2.clock.advance(600);
    t.same(n2.coordination.journal.at(-1), 'revoked alice', 'once, for all of it');
    t.equal((await bob.lock(wanted, FIRST)).status, 'OK');
  },
);

t.test('share reservations are held, and do not stand against the client itself', async (t) => {
  const denying = { create: true, deny: nfs.OPEN4_SHARE_DENY_BOTH };
  const { alice, bob, n2 } = await moved(t, (before) => before.opened('mine', 'app', denying));
  t.equal(await bob.open('mine'), 'SHARE_DENIED');
  const mine = {
    handle: await bob.handleOf('mine'),
    owner: 'app',
    stateid: { seqid: 0, other: Buffer.alloc(12) },
  };
  await alice.connect();
  t.equal(await alice.openByHandle(mine, nfs.CLAIM_PREVIOUS, { ...denying, create: false }), 'OK');
  t.equal(await alice.complete(), 'OK');
  t.equal(await bob.open('mine'), 'SHARE_DENIED');
  t.equal(await alice.closeFile(mine), 'OK');
  t.type(await bob.open('mine'), 'object');
  t.equal(n2.defects.length, 0);
});

t.test('it is held in the modes and to the ends in which the client had it, and no further', async (t) => {
  const { bob } = await moved(t, async (alice) => {
    const { held } = await alice.lock(await alice.opened('g'), FIRST, nfs.READ_LT);
    await alice.lockAgain(held!, { offset: 100n, length: 2n ** 64n - 1n });
    await alice.opened('read', 'app', { create: true, access: nfs.OPEN4_SHARE_ACCESS_READ });
  });
  const file = await bob.opened('g');
  t.equal((await bob.lock(file, FIRST)).status, 'DENIED');
  t.equal((await bob.lock(file, FIRST, nfs.READ_LT)).status, 'OK', 'readers share');
  t.equal((await bob.lock(file, { offset: 50n })).status, 'OK');
  t.equal((await bob.lock(file, { offset: 2n ** 40n })).status, 'DENIED', 'to the end of the file');
  t.type(await bob.open('read', 'app', { deny: nfs.OPEN4_SHARE_DENY_WRITE }), 'object', 'she only reads it');
});

t.test('C13: what it denies others it denies clients of all nodes', async (t) => {
  const { n1, bob } = await moved(t, (alice) =>
    alice.opened('mine', 'app', { create: true, deny: nfs.OPEN4_SHARE_DENY_BOTH }),
  );
  const carol = new TestClient(n1, 'carol');
  await carol.start();
  for (const client of [bob, carol]) t.equal(await client.open('mine'), 'SHARE_DENIED', client.name);
});

t.test('I1: where somebody denies what it had open the client comes and reclaims', async (t) => {
  const { n1, n2 } = nodes(t);
  const alice = await new TestClient(n1, 'alice').start();
  await alice.opened('f');
  const bob = await new TestClient(n2, 'bob').start();
  const estates = n1.server.inventoryOf(N1);
  n1.server.releaseService(N1);
  await bob.opened('f', 'app', { deny: nfs.OPEN4_SHARE_DENY_BOTH });
  t.same(n2.server.adopt(N1, estates, GRACE_MS), []);
});

t.test('I1: what is held for a client is not held for it a second time', async (t) => {
  const { n1, n2 } = nodes(t);
  const alice = await new TestClient(n1, 'alice').start();
  await alice.locked(await alice.opened('f'));
  t.same(n1.server.inventoryOf(asNodeId('n2')), [], 'nobody comes by that address');
  const estates = n1.server.inventoryOf(N1);
  n1.server.releaseService(N1);
  t.equal(n2.server.adopt(N1, estates, GRACE_MS).length, 1);
  t.same(n2.server.adopt(N1, estates, GRACE_MS), []);
  t.equal(n2.server.summary().clients.length, 1);
});

t.test('all or nothing: where one lock cannot be had the client comes and reclaims', async (t) => {
  const { n1, n2 } = nodes(t);
  const alice = await new TestClient(n1, 'alice').start();
  const [file, other] = [await alice.opened('f'), await alice.opened('g')];
  await alice.locked(file);
  await alice.locked(other);
  const bob = await new TestClient(n2, 'bob').start();
  const wanted = await bob.opened('f');
  const estates = n1.server.inventoryOf(N1);
  n1.server.releaseService(N1);
  t.equal((await bob.lock(await bob.opened('g'))).status, 'OK', 'as a program beside the server could');
  t.same(n2.server.adopt(N1, estates, GRACE_MS), []);
  t.equal((await bob.lock(wanted)).status, 'OK', 'of what it could have, nothing is held either');
});

t.test(
  'a delegation is not written down, since nobody knows what its client has done by itself',
  async (t) => {
    const { n1 } = nodes(t);
    const alice = new TestClient(n1, 'alice');
    alice.connection = new TestConnection();
    await alice.start();
    await alice.connection.called(1);
    t.match((await alice.opened('f')).delegation, { delegationType: nfs.OPEN_DELEGATE_WRITE });
    t.same(n1.server.inventoryOf(N1), []);
  },
);

t.test('a client that has not come yet is part of what goes on to the next node', async (t) => {
  const { n1, n2, alice } = await moved(t);
  const [estate] = n2.server.inventoryOf(N1) as [ClientEstate];
  t.equal(estate.verifier, alice.verifier.toString('hex'));
  t.same(handOver(n2, n1).toSorted(), ['alice', 'bob']);
  t.notOk(n2.server.summary().clients.length > 0);
  const again = await at(n1, alice).connect();
  const handle = await again.handleOf('f');
  const file = { handle, owner: 'app', stateid: { seqid: 0, other: Buffer.alloc(12) } };
  t.equal(await again.openByHandle(file, nfs.CLAIM_PREVIOUS), 'OK');
  t.equal((await again.lock(file, FIRST, nfs.WRITE_LT, true)).status, 'OK');
});

t.test('one that is in the middle of it is waited for', async (t) => {
  const { n2, alice } = await moved(t);
  await alice.connect();
  t.same(
    n2.server.inventoryOf(N1).map(({ ownerId }) => Buffer.from(ownerId, 'hex').toString()),
    ['bob'],
  );
});

t.test(
  'version 4.0: it reclaims as well, and is through when it has asked for nothing for a lease',
  async (t) => {
    const { n1, n2 } = nodes(t);
    const ann = await new SessionlessTestClient(n1, 'ann').start();
    const file = await ann.opened('f');
    await ann.locked(file, 'locker', FIRST);
    await ann.locked(file, 'second', SECOND);
    t.same(handOver(n1, n2), ['ann']);
    const bob = await new TestClient(n2, 'bob').start();
    const wanted = await bob.opened('f');
    t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
    const there = await new SessionlessTestClient(n2, 'ann').start();
    t.equal(await there.reclaim(file), 'OK');
    t.equal((await there.lock(file, 'locker', FIRST, { reclaim: true })).status, 'OK');
    for (let ms = 0; ms < 1.5 * LEASE_MS; ms += 300) {
      await n2.clock.advance(300);
      await there.renew();
      await bob.renew();
    }
    t.equal((await bob.lock(wanted, FIRST)).status, 'DENIED');
    t.equal((await bob.lock(wanted, SECOND)).status, 'OK', 'it did not ask for that');
    t.ok(n2.coordination.records.has('ann'));
  },
);
