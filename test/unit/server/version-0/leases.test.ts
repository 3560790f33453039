import t, { type Test } from 'tap';
import { call } from '../../../../src/nfs4/compound.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { LEASE_MS, NodeUnderTest } from '../fixtures/node-under-test.ts';
import { type OpenFile, SessionlessTestClient } from './fixtures/sessionless-client.ts';

async function setup(t: Test, options = {}) {
  const node = new NodeUnderTest(t, options);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const file = await alice.opened('f');
  return { node, alice, file, held: await alice.locked(file) };
}

/** A time shorter than the lease, twice: whoever did not renew in between has expired. */
const STEP_MS = LEASE_MS * 0.7;

const renewals: [string, (alice: SessionlessTestClient, file: OpenFile) => Promise<string>][] = [
  ['RENEW', (alice) => alice.renew()],
  ['OPEN', async (alice) => typeof (await alice.open('g'))],
  ['an OPEN that fails', async (alice) => String(await alice.open('none', 'app', { create: false }))],
  ['READ with a stateid', (alice, file) => alice.read(file)],
  ['WRITE with a stateid', (alice, file) => alice.write(file, 'x')],
  ['LOCK', async (alice, file) => (await alice.lock(file, 'other', { offset: 99n })).status],
  ['LOCKT', (alice, file) => alice.test(file, 'other')],
  ['OPEN_DOWNGRADE', (alice, file) => alice.downgrade(file, 3)],
  ['RELEASE_LOCKOWNER', (alice) => alice.release('nobody')],
];

for (const [name, renew] of renewals) {
  t.test(`section 9.5: ${name} renews the lease`, async (t) => {
    const { node, alice, file } = await setup(t);
    await node.clock.advance(STEP_MS);
    await renew(alice, file);
    await node.clock.advance(STEP_MS);
    t.equal(await alice.renew(), 'OK');
    await node.clock.advance(LEASE_MS * 1.5);
    t.equal(await alice.renew(), 'EXPIRED', 'which would have run out');
  });
}

t.test('section 9.5: what names no state renews nothing', async (t) => {
  const { node, alice, file } = await setup(t);
  await node.clock.advance(STEP_MS);
  await alice.try(call(putFh, { object: file.handle }));
  await alice.read(file, { seqid: 0, other: Buffer.alloc(12) });
  await node.clock.advance(STEP_MS);
  t.equal(await alice.renew(), 'EXPIRED');
});

t.test(
  'section 9.6.3: an expired client is told EXPIRED whatever it comes with, and its record is gone first',
  async (t) => {
    const { node, alice, file, held } = await setup(t);
    const bob = await new SessionlessTestClient(node, 'bob').start();
    const bobs = await bob.opened('f');
    for (let time = 0; time < 3; time += 1) {
      await node.clock.advance(STEP_MS);
      await bob.renew();
    }
    t.ok(node.coordination.journal.includes('revoked alice'));
    t.notOk(node.coordination.records.has('alice'));
    t.equal((await bob.lock(bobs)).status, 'OK');
    t.equal(await alice.read(file), 'EXPIRED');
    t.equal(await alice.unlock(held), 'EXPIRED');
    t.equal(await alice.closeFile(file), 'EXPIRED');
    t.equal(await alice.open('f'), 'EXPIRED');
    t.equal(await alice.test(file, 'x'), 'EXPIRED');
    t.equal(await alice.release('x'), 'EXPIRED');
    t.equal(await alice.renew(), 'EXPIRED');
    const before = alice.clientId;
    await alice.start();
    t.not(alice.clientId, before, 'the same instance gets a new client id');
    alice.seqids.clear();
    t.equal((await alice.lock(await alice.opened('f'))).status, 'DENIED');
    t.ok(node.coordination.records.has('alice'), 'recorded again');
  },
);

t.test('I6: until the record is gone the locks stay, and the client is told DELAY', async (t) => {
  const { node, alice, file, held } = await setup(t);
  const bob = await new SessionlessTestClient(node, 'bob').start();
  const bobs = await bob.opened('f');
  node.coordination.removals = 'unavailable';
  for (let time = 0; time < 3; time += 1) {
    await node.clock.advance(STEP_MS);
    await bob.renew();
  }
  t.equal((await bob.lock(bobs)).status, 'DELAY');
  t.equal(await alice.read(file), 'DELAY');
  t.equal(await alice.renew(), 'DELAY');
  t.equal(await alice.unlock(held), 'DELAY');
  t.equal(await alice.open('g'), 'DELAY');
  t.equal(await alice.downgrade(file, 3), 'DELAY', 'each in its turn');
  node.coordination.removals = null;
  await node.clock.advance(STEP_MS);
  t.equal((await bob.lock(bobs, 'again')).status, 'OK');
  t.equal(await alice.renew(), 'EXPIRED');
});

t.test('row 21: a courtesy keeps what nobody wants', async (t) => {
  const { node, alice, file, held } = await setup(t, { courtesy: 'until-conflict' });
  await node.clock.advance(LEASE_MS * 3);
  t.equal(await alice.unlock(held), 'OK');
  t.equal(await alice.renew(), 'OK');
  await alice.locked(file, 'again');
  await node.clock.advance(LEASE_MS * 3);
  const bob = await new SessionlessTestClient(node, 'bob').start();
  const bobs = await bob.opened('f');
  t.equal((await bob.lock(bobs)).status, 'DELAY', 'record first');
  await node.clock.advance(0);
  t.equal((await bob.lock(bobs)).status, 'OK');
  t.equal(await alice.renew(), 'EXPIRED');
  t.equal(await alice.closeFile(file), 'EXPIRED');
});

t.test('a client that waits for our record does not expire meanwhile', async (t) => {
  const { node } = await setup(t);
  const bob = await new SessionlessTestClient(node, 'bob').start();
  const file = await bob.open('g');
  if (typeof file === 'string') throw new Error(file);
  node.coordination.hold();
  const confirming = bob.confirmOpen(file);
  await node.coordination.untilHolding(1);
  await node.clock.advance(LEASE_MS * 2);
  node.coordination.letGo();
  t.equal(await confirming, 'OK');
});

t.test(
  'two domains: what is lost where the store answered is EXPIRED, and the client introduces itself anew',
  async (t) => {
    const node = new NodeUnderTest(t, {}, ['one', 'two']);
    const alice = await new SessionlessTestClient(node, 'alice').start();
    const inDomain = async (name: string) => {
      const file = await alice.opened(name, name, {}, name);
      return file;
    };
    const one = await inDomain('one');
    const two = await inDomain('two');
    node.domain('two').coordination.removals = 'unavailable';
    await node.clock.advance(LEASE_MS * 1.5);
    t.equal(await alice.read(one), 'EXPIRED');
    t.equal(await alice.read(two), 'DELAY');
    t.equal(await alice.renew(), 'EXPIRED');
    const before = alice.clientId;
    node.domain('two').coordination.removals = null;
    t.equal(await alice.introduce(), 'OK');
    t.not(alice.clientId, before);
    t.equal(await alice.confirm(), 'OK');
    alice.seqids.clear();
    t.equal(await alice.read(two), 'EXPIRED');
    t.equal(await alice.read(await inDomain('one')), 'OK ');
  },
);
