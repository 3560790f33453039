import t, { type Test } from 'tap';
import { call } from '../../../../src/nfs4/compound.ts';
import { setClientid } from '../../../../src/nfs4/operations/set-clientid.ts';
import { LEASE_MS, NodeUnderTest } from '../fixtures/node-under-test.ts';
import { TestClient } from '../fixtures/test-client.ts';
import { SessionlessTestClient } from './fixtures/sessionless-client.ts';

const STRANGER = { uid: 1000, machine: 'machine' };

async function setup(t: Test, options = {}) {
  const node = new NodeUnderTest(t, options);
  return { node, alice: await new SessionlessTestClient(node, 'alice').start() };
}

/** The same owner, in the next life of its machine. */
async function restarted(alice: SessionlessTestClient): Promise<SessionlessTestClient> {
  const again = new SessionlessTestClient(alice.node, alice.name, alice.sender);
  again.verifier = Buffer.from('new life');
  t.equal(await again.introduce(), 'OK');
  return again;
}

const stranger = (node: NodeUnderTest, name = 'alice') => new SessionlessTestClient(node, name, STRANGER);

t.test('section 16.33: a client id is good when it is confirmed, and not before', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new SessionlessTestClient(node, 'alice');
  t.equal(await alice.introduce(), 'OK');
  t.equal(await alice.renew(), 'STALE_CLIENTID');
  t.equal(await alice.open('f'), 'STALE_CLIENTID');
  t.equal(await alice.confirm(alice.clientId, Buffer.alloc(8, 7)), 'STALE_CLIENTID');
  t.equal(await alice.confirm(), 'OK');
  t.equal(await alice.renew(), 'OK');
  t.notOk(alice.confirmVerifier.equals(Buffer.alloc(8)), 'pynfs takes zeros for none at all');
});

t.test('row 18: to confirm a client id writes no record', async (t) => {
  const { node } = await setup(t);
  t.same(node.coordination.journal, ['confirmed alice']);
});

t.test('section 16.34.5: SETCLIENTID_CONFIRM once more is OK and does nothing', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f');
  t.equal(await alice.confirm(), 'OK');
  t.equal(await alice.closeFile(file), 'OK');
});

t.test('section 16.33.5: the same verifier only updates the callback address', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f');
  const { clientId, confirmVerifier } = alice;
  alice.callback = { cbProgram: 1, cbLocation: { netId: 'tcp', address: '10.77.0.22.8.1' } };
  t.equal(await alice.introduce(), 'OK');
  t.equal(alice.clientId, clientId);
  t.notOk(alice.confirmVerifier.equals(confirmVerifier));
  t.equal(await alice.confirm(clientId, confirmVerifier), 'OK', 'what was confirmed stays so meanwhile');
  t.equal(await usedBy(alice), '10.77.0.21.8.1', 'and the address is the confirmed one');
  t.equal(await alice.confirm(), 'OK');
  t.equal(await usedBy(alice), '10.77.0.22.8.1');
  t.equal(await alice.confirm(clientId, confirmVerifier), 'STALE_CLIENTID', 'replaced');
  t.equal(await alice.closeFile(file), 'OK', 'nothing was lost');
});

/** Where the client that has the owner id is called back, as others are told. */
async function usedBy({ node, name }: SessionlessTestClient): Promise<string | null> {
  const callback = { cbProgram: 0, cbLocation: { netId: 'tcp', address: '' } };
  const { results } = await stranger(node).run(
    call(setClientid, {
      client: { verifier: Buffer.alloc(8), id: Buffer.from(name) },
      callback,
      callbackIdent: 0,
    }),
  );
  const [result] = results;
  return result !== undefined && 'clientUsing' in result ? result.clientUsing.address : null;
}

t.test('section 16.33.5: each SETCLIENTID that is not confirmed is replaced by the next', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new SessionlessTestClient(node, 'alice');
  await alice.introduce();
  const { clientId, confirmVerifier } = alice;
  await alice.introduce();
  t.not(alice.clientId, clientId);
  t.notOk(alice.confirmVerifier.equals(confirmVerifier));
  t.equal(await alice.confirm(clientId, confirmVerifier), 'STALE_CLIENTID');
  t.equal(await alice.confirm(), 'OK');

  const first = await restarted(alice);
  const second = await restarted(alice);
  t.equal(await first.confirm(), 'STALE_CLIENTID', 'also beside a confirmed one');
  t.equal(await alice.renew(), 'OK');
  t.equal(await second.confirm(), 'OK');
});

t.test('section 16.33.5: an update takes the place of a restart that was not confirmed', async (t) => {
  const { alice } = await setup(t);
  const again = await restarted(alice);
  t.equal(await alice.introduce(), 'OK');
  t.equal(await again.confirm(), 'STALE_CLIENTID');
  t.equal(await alice.confirm(), 'OK');
});

t.test('section 16.33.5: an update that was begun is void when the client has restarted', async (t) => {
  const { alice } = await setup(t);
  await alice.introduce();
  const again = await restarted(alice);
  t.equal(await alice.confirm(), 'STALE_CLIENTID');
  t.equal(await again.confirm(), 'OK');
});

t.test(
  'row 23: a client that restarted loses its state when the new client id is confirmed, its record first',
  async (t) => {
    const { node, alice } = await setup(t);
    const bob = await new SessionlessTestClient(node, 'bob').start();
    const file = await alice.opened('f');
    const held = await alice.locked(file);
    const again = await restarted(alice);
    t.not(again.clientId, alice.clientId);
    t.equal(await alice.read(file), 'OK ', 'nothing is lost by SETCLIENTID');

    const bobs = await bob.opened('f');
    node.coordination.hold();
    const confirming = again.confirm();
    await node.coordination.untilHolding(1);
    t.equal((await bob.lock(bobs, 'b')).status, 'DELAY', 'before the record is gone');
    node.coordination.letGo();
    t.equal(await confirming, 'OK');
    t.ok(node.coordination.journal.includes('forgot alice'));
    t.equal((await bob.lock(bobs, 'c')).status, 'OK');

    t.equal(await alice.closeFile(file), 'EXPIRED', 'pynfs CID1');
    t.equal(await alice.unlock(held), 'EXPIRED');
    t.equal(await alice.read(file), 'EXPIRED');
    t.equal(await alice.renew(), 'EXPIRED');
    t.equal(await again.renew(), 'OK');
  },
);

t.test(
  'row 23: where the record cannot be removed nothing is lost, and the client comes again',
  async (t) => {
    const { node, alice } = await setup(t);
    const file = await alice.opened('f');
    const again = await restarted(alice);
    node.coordination.store = 'unavailable';
    t.equal(await again.confirm(), 'DELAY');
    node.coordination.store = 'durable';
    t.equal(await again.confirm(), 'OK');
    t.equal(await alice.closeFile(file), 'EXPIRED');
  },
);

t.test('SETCLIENTID_CONFIRM twice at once confirms once', async (t) => {
  const { node, alice } = await setup(t);
  const again = await restarted(alice);
  node.coordination.hold();
  const first = again.confirm();
  await node.coordination.untilHolding(1);
  t.equal(await again.confirm(), 'DELAY');
  node.coordination.letGo();
  t.equal(await first, 'OK');
  t.equal(await again.confirm(), 'OK');
});

t.test('a SETCLIENTID that comes while the one before is being confirmed replaces it', async (t) => {
  const { node, alice } = await setup(t);
  const first = await restarted(alice);
  node.coordination.hold();
  const confirming = first.confirm();
  await node.coordination.untilHolding(1);
  const second = await restarted(alice);
  node.coordination.letGo();
  t.equal(await confirming, 'STALE_CLIENTID');
  t.equal(await second.confirm(), 'OK');
});

t.test(
  'row 25: another principal gets CLID_INUSE, and who has it, but only while there is state',
  async (t) => {
    const { node, alice } = await setup(t);
    const file = await alice.opened('f');
    const bob = stranger(node);
    t.equal(await bob.introduce(), 'CLID_INUSE');
    t.equal(await usedBy(alice), '10.77.0.21.8.1');
    await alice.closeFile(file);
    t.equal(await bob.introduce(), 'OK');
    t.equal(await alice.renew(), 'OK', 'its own until the other one confirms');
    t.equal(await bob.confirm(), 'OK');
    t.equal(await alice.renew(), 'EXPIRED');
  },
);

t.test('row 25: state that came between SETCLIENTID and its confirmation counts', async (t) => {
  const { node, alice } = await setup(t);
  const bob = stranger(node);
  t.equal(await bob.introduce(), 'OK');
  await alice.opened('f');
  t.equal(await bob.confirm(), 'CLID_INUSE');
  t.equal(await alice.renew(), 'OK');
});

t.test('row 25: state of a lapsed lease is no state', async (t) => {
  const { node, alice } = await setup(t, { courtesy: 'until-conflict' });
  await alice.opened('f');
  await node.clock.advance(LEASE_MS);
  const bob = stranger(node);
  t.equal(await bob.introduce(), 'OK');
  t.equal(await bob.confirm(), 'OK');
});

t.test('section 16.34.5: nobody confirms for another principal', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new SessionlessTestClient(node, 'alice');
  await alice.introduce();
  t.equal(await stranger(node).confirm(alice.clientId, alice.confirmVerifier), 'CLID_INUSE');
  t.equal(await alice.confirm(), 'OK');
});

t.test(
  'row 33: client ids of before the restart are STALE_CLIENTID, those of this life that are gone EXPIRED',
  async (t) => {
    const { node, alice } = await setup(t);
    const file = await alice.opened('f');
    await node.reboot();
    t.equal(await alice.renew(), 'STALE_CLIENTID');
    t.equal(await alice.open('f'), 'STALE_CLIENTID');
    t.equal(await alice.release('x'), 'STALE_CLIENTID');
    t.equal(await alice.test(file, 'x'), 'STALE_CLIENTID');
    t.equal(await alice.confirm(), 'STALE_CLIENTID');
    t.equal(await alice.renew(0n), 'STALE_CLIENTID');
    await new SessionlessTestClient(node, 'bob').start();
    t.equal(await alice.renew(), 'STALE_CLIENTID', 'also when this life has given out as many');
    node.coordination.lift();
    await alice.start();
    t.equal(await alice.renew(alice.clientId + 100n), 'STALE_CLIENTID', 'never given out');
  },
);

t.test('one owner string in 4.0 and in 4.1 is two clients', async (t) => {
  const { node, alice } = await setup(t);
  const file = await alice.opened('f');
  t.equal(node.coordination.records.get('alice'), '4.0 sys:0@machine', 'two to the record store as well');
  const other = await new TestClient(node, 'alice').start();
  t.equal(node.coordination.records.get('alice'), 'sys:0@machine');
  const theirs = await other.opened('g');
  t.equal(await alice.renew(), 'OK');
  t.equal(await other.renew(), 'OK');

  t.equal(await alice.renew(other.clientId), 'STALE_CLIENTID');
  t.equal(await alice.confirm(other.clientId), 'STALE_CLIENTID');
  other.clientId = alice.clientId;
  t.equal(await other.createSession(), 'STALE_CLIENTID');
  t.equal(await alice.read({ ...file, stateid: theirs.stateid }), 'BAD_STATEID');
  t.equal(await other.read({ ...theirs, stateid: file.stateid }), 'BAD_STATEID');
  t.equal(await alice.closeFile(file), 'OK');

  const again = await restarted(alice);
  t.equal(await again.confirm(), 'OK');
  t.equal(await other.read(theirs), 'OK ', 'a restart of one is nothing to the other');
});

t.test('the number of clients is limited', async (t) => {
  const { node } = await setup(t, { limits: { clients: 1 } });
  t.equal(await new SessionlessTestClient(node, 'bob').introduce(), 'DELAY');
});
