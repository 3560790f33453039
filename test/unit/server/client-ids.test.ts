import { randomBytes } from 'node:crypto';
import t from 'tap';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { destroyClientid } from '../../../src/nfs4/operations/destroy-clientid.ts';
import { destroySession } from '../../../src/nfs4/operations/destroy-session.ts';
import { exchangeId } from '../../../src/nfs4/operations/exchange-id.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { LEASE_MS, NodeUnderTest, ROOT } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';

const OTHER = { uid: 1000, machine: 'elsewhere' };
const UPDATE = nfs.EXCHGID4_FLAG_UPD_CONFIRMED_REC_A;

/** The result of an EXCHANGE_ID that must succeed. */
async function exchanged(client: TestClient, flags = 0) {
  const { results } = await client.node.send([client.exchangeCall(flags)], { sender: client.sender });
  const result = results[0];
  if (result?.status !== 0) throw new Error(statusName(result?.status ?? -1));
  return result;
}

const isConfirmed = (flags: number): boolean => (flags & nfs.EXCHGID4_FLAG_CONFIRMED_R) !== 0;

t.test('row 1: an old session after a restart is BADSESSION', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await node.reboot();
  // Somebody has the same number in this life.
  await new TestClient(node, 'bob').connect();
  t.equal(await alice.renew(), 'BADSESSION');
});

t.test('row 2: CREATE_SESSION with a client id of before the restart is STALE_CLIENTID', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await node.reboot();
  // Somebody has the same number in this life.
  await new TestClient(node, 'bob').connect();
  t.equal(await alice.createSession(), 'STALE_CLIENTID');
});

t.test('row 3: EXCHANGE_ID and CREATE_SESSION work during grace as always', async (t) => {
  const node = new NodeUnderTest(t);
  node.coordination.grace = true;
  const alice = new TestClient(node, 'alice');
  t.equal(await alice.exchange(), 'OK');
  t.equal(await alice.createSession(), 'OK');
  t.equal(await alice.renew(), 'OK');
});

t.test('row 23: the state of a restarted client goes at CREATE_SESSION, not at EXCHANGE_ID', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  const file = await alice.opened('f');
  await alice.locked(file);
  const bobs = await bob.opened('f');

  const reborn = new TestClient(node, 'alice');
  t.equal(await reborn.exchange(), 'OK');
  t.equal((await bob.lock(bobs)).status, 'DENIED', 'after EXCHANGE_ID the old life still holds it');
  t.equal(await alice.renew(), 'OK');

  t.equal(await reborn.createSession(), 'OK');
  t.equal(await alice.renew(), 'BADSESSION');
  t.equal((await bob.lock(bobs)).status, 'OK', 'after CREATE_SESSION it is free');
});

t.test('row 23, I6: the old record is durably gone before the old locks are let go', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const bob = await new TestClient(node, 'bob').start();
  await alice.locked(await alice.opened('f'));
  const bobs = await bob.opened('f');
  const reborn = new TestClient(node, 'alice');
  await reborn.exchange();

  node.coordination.hold();
  const created = reborn.createSession();
  t.equal((await bob.lock(bobs)).status, 'DELAY', 'the record is still there');
  t.equal(await alice.renew(), 'DELAY', 'the old life is stopped');
  node.coordination.letGo();
  t.equal(await created, 'OK');
  t.notOk(node.coordination.records.has('alice'));
  t.equal((await bob.lock(bobs)).status, 'OK');
});

t.test(
  'row 23: without an answer of the store the old life stays and the new one is told DELAY',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = await new TestClient(node, 'alice').start();
    const bob = await new TestClient(node, 'bob').start();
    await alice.locked(await alice.opened('f'));
    const bobs = await bob.opened('f');
    const reborn = new TestClient(node, 'alice');
    await reborn.exchange();
    node.coordination.removals = 'unavailable';
    t.equal(await reborn.createSession(), 'DELAY');
    t.equal((await bob.lock(bobs)).status, 'DELAY');
    node.coordination.removals = null;
    t.equal(await reborn.createSession(), 'OK', 'the same request, with the same sequence id');
    t.equal((await bob.lock(bobs)).status, 'OK');
  },
);

t.test(
  'row 24: same owner, verifier and principal get the same client id, marked as confirmed',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = new TestClient(node, 'alice');
    const first = await exchanged(alice);
    t.notOk(isConfirmed(first.flags), 'nothing is confirmed by EXCHANGE_ID');
    alice.clientId = first.clientId;
    alice.clientSequence = first.sequenceId;
    await alice.createSession();
    const second = await exchanged(alice);
    t.equal(second.clientId, first.clientId);
    t.ok(isConfirmed(second.flags));
  },
);

t.test('row 25: another principal while state is live is CLID_INUSE', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const thief = new TestClient(node, 'alice', OTHER);
  t.equal(await thief.exchange(), 'CLID_INUSE');
  await alice.locked(await alice.opened('f'));
  t.equal(await thief.exchange(), 'CLID_INUSE');
  t.equal(await alice.renew(), 'OK');
});

t.test('row 25: another principal may have the owner id when the lease has run out', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await alice.locked(await alice.opened('f'));
  await node.clock.advance(LEASE_MS * 2);
  const heir = new TestClient(node, 'alice', OTHER);
  t.equal(await heir.exchange(), 'OK');
  t.notOk(node.coordination.records.has('alice'));
  t.equal(await alice.renew(), 'BADSESSION');
});

t.test('EXCHANGE_ID, case 4: an unconfirmed record is replaced', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  const first = await exchanged(alice);
  const second = await exchanged(alice);
  t.not(second.clientId, first.clientId);
  alice.clientId = first.clientId;
  alice.clientSequence = 1;
  t.equal(await alice.createSession(), 'STALE_CLIENTID');
});

t.test('EXCHANGE_ID, cases 6 to 9: an update is for a confirmed record of the same client', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  t.equal(await alice.exchange(UPDATE), 'NOENT');
  await alice.connect();
  t.ok(isConfirmed((await exchanged(alice, UPDATE)).flags));
  t.equal(await new TestClient(node, 'alice').exchange(UPDATE), 'NOT_SAME');
  const thief = new TestClient(node, 'alice', OTHER);
  thief.verifier = alice.verifier;
  t.equal(await thief.exchange(UPDATE), 'PERM');
});

t.test('EXCHANGE_ID refuses flags that nobody knows and protection that nobody can give', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  t.equal(await alice.exchange(0x8), 'INVAL');
  t.equal(await alice.exchange(nfs.EXCHGID4_FLAG_CONFIRMED_R), 'INVAL');
  const protect = async (stateProtect: Parameters<typeof exchangeId.encodeArgs>[1]['stateProtect']) => {
    const args = {
      ...(alice.exchangeCall().args as Parameters<typeof exchangeId.encodeArgs>[1]),
      stateProtect,
    };
    return statusName((await node.send([call(exchangeId, args)])).status);
  };
  const ops = { mustEnforce: [], mustAllow: [] };
  t.equal(await protect({ how: nfs.SP4_MACH_CRED, machOps: ops }), 'INVAL');
  const ssvParms = { ops, hashAlgs: [], encrAlgs: [], window: 1, numGssHandles: 1 };
  t.equal(await protect({ how: nfs.SP4_SSV, ssvParms }), 'ENCR_ALG_UNSUPP');
});

t.test('row 27: the scope is the configured one, and so is the owner', async (t) => {
  const node = new NodeUnderTest(t, { serverScope: 'cluster', serverOwner: { major: 'n1', minor: 7n } });
  const { serverScope, serverOwner } = await exchanged(new TestClient(node, 'alice'));
  t.equal(serverScope.toString(), 'cluster');
  t.equal(serverOwner.majorId.toString(), 'n1');
  t.equal(serverOwner.minorId, 7n);
});

t.test(
  'CREATE_SESSION: a replay gets the same session, any other sequence id is SEQ_MISORDERED',
  async (t) => {
    const node = new NodeUnderTest(t);
    const alice = new TestClient(node, 'alice');
    await alice.exchange();
    const request = alice.createSessionCall();
    const first = await node.send([request]);
    const again = await node.send([request]);
    t.same(again.results, first.results);
    alice.clientSequence += 2;
    t.equal(await alice.createSession(), 'SEQ_MISORDERED');
    alice.clientSequence -= 3;
    t.equal(await alice.createSession(), 'SEQ_MISORDERED');
  },
);

t.test('CREATE_SESSION: another principal is CLID_INUSE and costs the owner nothing', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  await alice.exchange();
  alice.sender = OTHER;
  t.equal(await alice.createSession(), 'CLID_INUSE');
  alice.sender = ROOT;
  t.equal(await alice.createSession(), 'OK');
});

t.test(
  'CREATE_SESSION agrees on limits, refuses channels that are too small and too many sessions',
  async (t) => {
    const node = new NodeUnderTest(t, { limits: { sessionsPerClient: 2 } });
    const alice = new TestClient(node, 'alice');
    await alice.exchange();
    t.equal(await alice.createSession({ maxRequestSize: 100 }), 'TOOSMALL');
    t.equal(await alice.createSession({ maxResponseSize: 0 }), 'TOOSMALL', 'takes no sequence id');
    const { results } = await node.send([alice.createSessionCall({ maxRequests: 1_000_000 })]);
    const result = results[0];
    t.ok(result?.status === 0 && result.foreChanAttrs.maxRequests === 64);
    alice.clientSequence += 1;
    t.equal(await alice.createSession(), 'OK');
    t.equal(await alice.createSession(), 'NOSPC');
  },
);

t.test('CREATE_SESSION tells the coordinator of every confirmation, once', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').connect();
  await alice.createSession();
  t.same(node.coordination.journal, ['confirmed alice']);
});

t.test('DESTROY_CLIENTID: busy with sessions; the record goes first; then the id is stale', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const destroy = [call(destroyClientid, { clientId: alice.clientId })] as const;
  t.equal(statusName((await node.send(destroy)).status), 'CLIENTID_BUSY');
  await node.send([call(destroySession, { sessionId: alice.sessionId })]);
  t.equal(await alice.renew(), 'BADSESSION');
  node.coordination.store = 'unavailable';
  t.equal(statusName((await node.send(destroy)).status), 'DELAY');
  node.coordination.store = 'durable';
  t.equal(statusName((await node.send(destroy)).status), 'OK');
  t.notOk(node.coordination.records.has('alice'));
  t.equal(statusName((await node.send(destroy)).status), 'STALE_CLIENTID');
});

t.test('DESTROY_CLIENTID: busy with opens even without a session', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  await alice.opened('f');
  await node.send([call(destroySession, { sessionId: alice.sessionId })]);
  const { status } = await node.send([call(destroyClientid, { clientId: alice.clientId })]);
  t.equal(statusName(status), 'CLIENTID_BUSY');
});

t.test('DESTROY_SESSION within its own session must be the last operation', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const destroy = call(destroySession, { sessionId: alice.sessionId });
  t.equal(await alice.try(destroy, call(destroySession, { sessionId: randomBytes(16) })), 'NOT_ONLY_OP');
  t.equal(await alice.try(destroy), 'OK');
  t.equal(await alice.renew(), 'BADSESSION');
});

t.test('opens and locks outlive the session they were made in', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').start();
  const held = await alice.locked(await alice.opened('f'));
  await node.send([call(destroySession, { sessionId: alice.sessionId })]);
  t.equal(await alice.createSession(), 'OK');
  t.equal(await alice.unlock(held), 'OK');
});

t.test('an EXCHANGE_ID that nobody follows up is forgotten after a lease', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = new TestClient(node, 'alice');
  await alice.exchange();
  t.equal(node.server.summary().clients.length, 1);
  await node.clock.advance(LEASE_MS * 1.5);
  t.equal(node.server.summary().clients.length, 0);
});

t.test('the number of clients is limited', async (t) => {
  const node = new NodeUnderTest(t, { limits: { clients: 2 } });
  await new TestClient(node, 'alice').connect();
  await new TestClient(node, 'bob').connect();
  t.equal(await new TestClient(node, 'carol').exchange(), 'DELAY');
});

t.test('DESTROY_SESSION waits for the requests of the session', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new TestClient(node, 'alice').connect();
  node.coordination.hold();
  const completing = alice.complete();
  const destroy = [call(destroySession, { sessionId: alice.sessionId })] as const;
  t.equal(statusName((await node.send(destroy)).status), 'DELAY');
  node.coordination.letGo();
  t.equal(await completing, 'OK');
  t.equal(statusName((await node.send(destroy)).status), 'OK');
});

t.test('I6: a COMPOUND that waited does not go on for a client that restarted meanwhile', async (t) => {
  for (const late of ['after the removal', 'during the removal'] as const) {
    const node = new NodeUnderTest(t);
    const alice = await new TestClient(node, 'alice').connect();
    const bob = await new TestClient(node, 'bob').connect();
    await bob.try(call(destroySession, { sessionId: bob.sessionId }));
    node.coordination.hold();
    const waiting = alice.try(
      call(destroyClientid, { clientId: bob.clientId }),
      call(reclaimComplete, { oneFs: false }),
    );
    const reborn = new TestClient(node, 'alice');
    await reborn.exchange();
    const created = reborn.createSession();
    await node.coordination.untilHolding(2);
    if (late === 'after the removal') node.coordination.letGoNewest();
    else node.coordination.letGoOldest();
    await node.clock.advance(1);
    node.coordination.letGo();
    t.equal(await waiting, late === 'after the removal' ? 'DEADSESSION' : 'DELAY', late);
    t.equal(await created, 'OK');
    t.notOk(node.coordination.records.has('alice'), 'the new life has not completed');
  }
});
