import t from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import { lockU } from '../../../src/nfs4/operations/lock-u.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { DEFAULT_LIMITS, LIMIT_NAMES, settleLimits } from '../../../src/server/limits.ts';
import { LEASE_MS, NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const namesOf = (node: NodeUnderTest): string[] => node.server.summary().clients.map(({ name }) => name);

t.test('what is no limit is a mistake', (t) => {
  t.same(settleLimits(), DEFAULT_LIMITS);
  for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    for (const name of LIMIT_NAMES)
      t.throws(() => settleLimits({ [name]: bad }), RangeError, `${name} ${bad}`);
  t.end();
});

t.test('introductions that nobody confirms keep nobody out: the oldest is forgotten', async (t) => {
  const node = new NodeUnderTest(t, { limits: { clients: 4, unconfirmedClients: 2 } });
  const alice = await new TestClient(node, 'alice').start();
  const early = new TestClient(node, 'stranger 0');
  await early.exchange();
  for (let count = 1; count <= 20; count += 1) await new TestClient(node, `stranger ${count}`).exchange();
  for (let count = 1; count <= 20; count += 1)
    await new SessionlessTestClient(node, `old ${count}`).introduce();
  t.same(namesOf(node), ['alice', 'old 19', 'old 20']);
  t.equal(await early.createSession(), 'STALE_CLIENTID', 'and begins anew');
  await new TestClient(node, 'bob').start();
  t.equal(await alice.renew(), 'OK');
});

t.test(
  'with all client ids confirmed, one that has been silent too long goes, without state first',
  async (t) => {
    const node = new NodeUnderTest(t, { courtesy: 'until-conflict', limits: { clients: 3 } });
    const holder = await new TestClient(node, 'holder').start();
    await holder.locked(await holder.opened('f'));
    await new TestClient(node, 'idle').start();
    await node.clock.advance(LEASE_MS * 0.6);
    const alive = await new TestClient(node, 'alive').start();
    const late = new TestClient(node, 'late');
    t.equal(await late.exchange(), 'DELAY', 'nobody is silent yet');
    t.same(namesOf(node), ['holder', 'idle', 'alive']);
    await node.clock.advance(LEASE_MS * 0.6);
    t.equal(await alive.renew(), 'OK');
    t.equal(await late.exchange(), 'DELAY', 'the record goes first (I6)');
    await node.clock.advance(1);
    t.same(namesOf(node), ['holder', 'alive']);
    await late.connect();
    t.equal(await new TestClient(node, 'later').exchange(), 'DELAY');
    await node.clock.advance(1);
    t.same(namesOf(node), ['alive', 'late'], 'then those with state');
    t.notOk(node.coordination.records.has('holder'), 'I6: not to be reclaimed either');
  },
);

t.test(
  'memory for replies is limited: later sessions have fewer slots, in the end none is made',
  async (t) => {
    const node = new NodeUnderTest(t, { limits: { replyCacheBytes: 100_000, sessionsPerClient: 1000 } });
    const alice = await new TestClient(node, 'alice').connect();
    const slots: number[] = [];
    let status = 'OK';
    while (status === 'OK') {
      const { results, status: outcome } = await node.send([alice.createSessionCall({ maxRequests: 64 })]);
      alice.clientSequence += 1;
      const [created] = results;
      if (created?.status === 0) slots.push(created.foreChanAttrs.maxRequests);
      status = outcome === 0 ? 'OK' : String(outcome);
    }
    t.equal(status, '28', 'NOSPC');
    t.equal(slots.at(-1), 1, 'one at least');
    const sum = slots.reduce((a, b) => a + b, 0);
    t.ok(sum * (4096 + 512) <= 100_000, 'never more than there is');
  },
);

t.test('memory of a session that ends is free again', async (t) => {
  const node = new NodeUnderTest(t, { limits: { replyCacheBytes: 5000 } });
  const alice = await new TestClient(node, 'alice').connect();
  t.equal(await alice.createSession(), 'NOSPC');
  alice.clientSequence += 1;
  for (let round = 0; round < 3; round += 1) {
    const other = new TestClient(node, 'alice');
    t.equal(await other.exchange(), 'OK');
    t.equal(await other.createSession(), 'OK', 'a restart ends the session of before');
  }
});

t.test('opens of one client', async (t) => {
  const node = new NodeUnderTest(t, { limits: { opensPerClient: 2 } });
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const file = await alice.opened('a');
  await alice.opened('b');
  t.equal(await alice.open('c'), 'NOSPC');
  t.equal(await bob.open('c', 'app', { create: false }), 'NOENT', 'and no file is left behind');
  t.type(await alice.open('a'), 'object', 'what is open may be opened once more');
  t.type(await bob.open('c'), 'object', 'others are not concerned');
  t.equal(await alice.closeFile(file), 'OK');
  t.type(await alice.open('c'), 'object');

  const old = await new SessionlessTestClient(node, 'old').start();
  await old.opened('a');
  await old.opened('b');
  t.equal(await old.open('c'), 'RESOURCE');
  t.equal(await old.open('c'), 'RESOURCE', 'the seqid stays');
  t.type(await old.open('a'), 'object');
});

t.test('lock states and ranges of one client', async (t) => {
  const node = new NodeUnderTest(t, { limits: { locksPerClient: 2, rangesPerClient: 4 } });
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const [one, two, three] = await Promise.all(['a', 'b', 'c'].map((name) => alice.opened(name)));
  if (one === undefined || two === undefined || three === undefined) throw new Error('three files');
  const held = await alice.locked(one, { offset: 0n, length: 100n });
  const other = await alice.locked(two);
  t.equal((await alice.lock(three)).status, 'DELAY');
  t.equal((await bob.lock(await bob.opened('c'), { offset: 1000n })).status, 'OK');
  t.equal(await alice.lockAgain(held, { offset: 200n }), 'OK');
  t.equal(await alice.lockAgain(held, { offset: 300n }), 'OK');
  t.equal(await alice.lockAgain(held, { offset: 400n }), 'DELAY', 'four ranges');
  t.equal(await alice.unlock(held, { offset: 50n, length: 1n }), 'DELAY', 'it would be one more');
  t.equal(await alice.unlock(held, { offset: 0n, length: 1n }), 'OK');
  t.equal(await alice.unlock(held, { offset: 300n }), 'OK');
  t.equal(await alice.unlock(held, { offset: 50n, length: 1n }), 'OK');
  t.equal(await alice.free(other.stateid), 'LOCKS_HELD');
  t.equal(await alice.closeFile(two), 'OK');
  t.equal((await alice.lock(three)).status, 'OK', 'what went with a CLOSE counts no more');
  t.same(
    node.server.summary().clients.map(({ name, locks }) => [name, locks]),
    [
      ['alice', 4],
      ['bob', 1],
    ],
  );
});

t.test('the same in version 4.0', async (t) => {
  const node = new NodeUnderTest(t, { limits: { locksPerClient: 1, rangesPerClient: 2 } });
  const old = await new SessionlessTestClient(node, 'old').start();
  const held = await old.locked(await old.opened('a'), 'locker', { offset: 0n, length: 100n });
  t.equal((await old.lock(await old.opened('b'))).status, 'RESOURCE');
  t.equal(await old.lockAgain(held, { offset: 200n }), 'OK');
  t.equal(await old.lockAgain(held, { offset: 300n }), 'RESOURCE');
  t.equal(await old.unlock(held, { offset: 50n, length: 1n }), 'RESOURCE');
  t.equal(await old.unlock(held, { offset: 0n, length: 100n }), 'OK');
  t.equal(await old.lockAgain(held, { offset: 300n }), 'OK');
});

t.test('a client that lost everything by expiry has all its room again', async (t) => {
  const node = new NodeUnderTest(t, { courtesy: 'none', limits: { locksPerClient: 1, opensPerClient: 1 } });
  const alice = await new TestClient(node, 'alice').start();
  const held = await alice.locked(await alice.opened('a'));
  await node.clock.advance(LEASE_MS * 2);
  t.equal(await alice.free(held.stateid), 'OK');
  t.equal(await alice.free(held.file.stateid), 'OK');
  t.equal(await alice.open('b'), 'DELAY', 'its record comes first');
  t.equal((await alice.lock(await alice.opened('b'))).status, 'OK');
});

t.test('a session id cannot be found from another', async (t) => {
  const node = new NodeUnderTest(t);
  const [alice, bob] = [
    await new TestClient(node, 'alice').start(),
    await new TestClient(node, 'bob').start(),
  ];
  const { sessionId } = alice;
  for (let bit = 0; bit < 128; bit += 1) {
    const forged = Buffer.from(sessionId);
    forged.writeUInt8(forged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    alice.sessionId = forged;
    t.equal(await alice.renew(), 'BADSESSION');
  }
  const guessed = Buffer.from(sessionId);
  guessed.writeUInt32BE(bob.sessionId.readUInt32BE(12), 12);
  alice.sessionId = guessed;
  t.equal(await alice.renew(), 'BADSESSION', "bob's number with alice's rest");
  t.equal(await bob.renew(), 'OK');
});

t.test('LOCKU of nothing is not counted', async (t) => {
  const node = new NodeUnderTest(t, { limits: { rangesPerClient: 1 } });
  const alice = await new TestClient(node, 'alice').start();
  const held = await alice.locked(await alice.opened('a'), { offset: 10n, length: 10n });
  const unlock = { lockType: 1, seqid: 0, lockStateid: { ...held.stateid, seqid: 0 } } as const;
  const at = call(putFh, { object: held.file.handle });
  t.equal(await alice.try(at, call(lockU, { ...unlock, offset: 100n, length: 5n })), 'OK');
  t.equal(await alice.try(at, call(lockU, { ...unlock, offset: 0n, length: 100n })), 'OK');
  t.equal((await alice.lock(held.file)).status, 'OK');
});
