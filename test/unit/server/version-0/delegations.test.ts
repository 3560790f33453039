/** Delegations of version 4.0 (RFC 7530 section 10.4). What is not of that version alone is in ../delegations.test.ts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeBitmap } from '../../../../src/nfs4/attributes.ts';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { delegPurge } from '../../../../src/nfs4/operations/deleg-purge.ts';
import { delegReturn } from '../../../../src/nfs4/operations/deleg-return.ts';
import { getAttr } from '../../../../src/nfs4/operations/get-attr.ts';
import { getFh } from '../../../../src/nfs4/operations/get-fh.ts';
import type { OpenResult } from '../../../../src/nfs4/operations/open.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../../src/nfs4/operations/put-root-fh.ts';
import { remove } from '../../../../src/nfs4/operations/remove.ts';
import { NFS4ERR_BAD_STATEID, statusName } from '../../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID, type Stateid } from '../../../../src/nfs4/types.ts';
import { LEASE_MS, NodeUnderTest } from '../fixtures/node-under-test.ts';
import { TestClient } from '../fixtures/test-client.ts';
import { twoNodes } from '../fixtures/two-nodes.ts';
import { CallbackNetwork } from './fixtures/callback-listener.ts';
import { CalledClient, stateidOf } from './fixtures/called-client.ts';
import { type OpenFile, SessionlessTestClient } from './fixtures/sessionless-client.ts';

const { OPEN4_SHARE_ACCESS_READ: READ, OPEN4_SHARE_ACCESS_WRITE: WRITE, OPEN4_SHARE_ACCESS_BOTH: BOTH } = nfs;

/** Alice can be called, Bob cannot; on one node or on two. What one node must do for the other, it does when its time passes. */
async function setup(t: Test, where: 'one node' | 'two nodes') {
  const network = new CallbackNetwork();
  const nodes = where === 'one node' ? null : twoNodes(t, { dialBack: network.dial });
  const near = nodes?.n1 ?? new NodeUnderTest(t, { dialBack: network.dial });
  const far = nodes?.n2 ?? near;
  const alice = await new CalledClient(near, network, 'alice', 21).start();
  const bob = await new SessionlessTestClient(far, 'bob').start();
  await bob.closeFile(await bob.opened('known'));
  /** Long enough for a node to see what another one wants. */
  const noticed = () => near.clock.advance(20);
  return { network, near, far, alice, bob, noticed };
}

/** Time that is one lease, in which both renew theirs. */
async function lease(node: NodeUnderTest, ...clients: readonly SessionlessTestClient[]): Promise<string[]> {
  const answers: string[] = [];
  for (let part = 0; part < 4; part += 1) {
    await node.clock.advance(LEASE_MS / 4);
    for (const client of clients) answers.push(await client.renew());
  }
  return answers;
}

const size = call(getAttr, { attrRequest: attributeBitmap(['size']) });
const at = ({ handle }: OpenFile) => call(putFh, { object: handle });

t.test('a delegation comes with an open of a confirmed owner of a client that can be called', async (t) => {
  const { near, alice, bob } = await setup(t, 'one node');
  const read = await alice.delegated('read', 'r');
  t.same(read.delegation, {
    delegationType: nfs.OPEN_DELEGATE_READ,
    read: {
      stateid: stateidOf(read),
      recall: false,
      permissions: { type: 0, flag: 0, accessMask: 0, who: '' },
    },
  });
  const write = await alice.delegated('write', 'w');
  t.match(write.delegation, {
    delegationType: nfs.OPEN_DELEGATE_WRITE,
    write: { spaceLimit: { limitBy: nfs.NFS_LIMIT_SIZE, fileSize: 2n ** 64n - 1n } },
  });
  writeFileSync(join(near.dir, 'f'), '');
  const first = await alice.open('f', 'new owner', { access: READ });
  t.match(first, { delegation: { delegationType: nfs.OPEN_DELEGATE_NONE } }, 'not confirmed');
  t.ok(alice.rflags & nfs.OPEN4_RESULT_CONFIRM);
  if (typeof first !== 'object') throw new Error(first);
  t.equal(await alice.confirmOpen(first), 'OK');
  await alice.closeFile(first);
  t.match(await alice.open('f', 'new owner', { access: READ }), {
    delegation: { delegationType: nfs.OPEN_DELEGATE_READ },
  });
  writeFileSync(join(near.dir, 'g'), '');
  t.match(await bob.open('g', 'app', { access: READ }), {
    delegation: { delegationType: nfs.OPEN_DELEGATE_NONE },
  });
  const delegations = Object.fromEntries(
    near.server.summary().clients.map((client) => [client.name, client.delegations]),
  );
  t.same(delegations, { alice: 3, bob: 0 });
});

t.test('an OPEN that comes again is answered with the same delegation', async (t) => {
  const { near, alice } = await setup(t, 'one node');
  writeFileSync(join(near.dir, 'f'), '');
  const opening = alice.openCall('app', { claim: nfs.CLAIM_NULL, file: 'f' }, { create: false });
  const answers: Stateid[] = [];
  for (let times = 0; times < 2; times += 1) {
    const { results } = await alice.run(call(putRootFh, {}), opening, call(getFh, {}));
    const opened = results[1] as OpenResult;
    if (opened.status !== 0) throw new Error(statusName(opened.status));
    answers.push(stateidOf(opened));
  }
  t.same(answers[1], answers[0]);
  t.equal(near.server.summary().clients[0]?.delegations, 1);
});

t.test('I/O with the stateid of a delegation', async (t) => {
  const { alice } = await setup(t, 'one node');
  const read = await alice.delegated('read', 'r');
  await alice.closeFile(read);
  t.equal(await alice.read(read, stateidOf(read)), 'OK x');
  t.equal(await alice.write(read, 'y', stateidOf(read)), 'OPENMODE');
  const write = await alice.delegated('write', 'w');
  await alice.closeFile(write);
  t.equal(await alice.write(write, 'y', stateidOf(write)), 'OK');
  t.equal(await alice.read(write, stateidOf(write)), 'OK y');
  t.equal(await alice.giveBack(write), 'OK');
  t.equal(await alice.giveBack(write), 'BAD_STATEID');
  t.equal(await alice.read(write, stateidOf(write)), 'BAD_STATEID');
  t.equal(await alice.giveBack(read, read.stateid), 'BAD_STATEID', 'an open that is closed');
  t.equal(await alice.try(call(delegReturn, { delegStateid: stateidOf(read) })), 'NOFILEHANDLE');
});

t.test('DELEGPURGE and CLAIM_DELEGATE_PREV are not supported', async (t) => {
  const { alice } = await setup(t, 'one node');
  t.equal(await alice.try(call(delegPurge, { clientId: alice.clientId })), 'NOTSUPP');
  const claim = { claim: nfs.CLAIM_DELEGATE_PREV, fileDelegatePrev: 'f' } as const;
  t.equal(await alice.try(call(putRootFh, {}), alice.openCall('app', claim, { create: false })), 'NOTSUPP');
});

for (const where of ['one node', 'two nodes'] as const) {
  t.test(`${where}: a write delegation is recalled before anybody else reads`, async (t) => {
    const { alice, bob, noticed } = await setup(t, where);
    const file = await alice.delegated('write');
    await alice.closeFile(file);
    t.equal(await bob.open('f', 'app', { access: READ, create: false }), 'DELAY');
    await noticed();
    const { listener } = alice;
    t.match(listener.recalls, [{ stateid: stateidOf(file), truncate: false, fh: file.handle }]);
    t.match(listener.headers, [{ minorVersion: 0, callbackIdent: alice.callbackIdent, operationCount: 1 }]);
    t.match(listener.calls.at(-1)?.credential, { kind: 'sys' });
    t.equal(await alice.write(file, 'newest', stateidOf(file)), 'OK');
    t.equal(await alice.giveBack(file), 'OK');
    const reader = await bob.opened('f', 'app', { access: READ, create: false });
    t.equal(await bob.read(reader), 'OK newest');
    t.equal(listener.recalls.length, 1);
  });

  t.test(`${where}: what is not given back is revoked after a lease, its record first`, async (t) => {
    const { near, far, alice, bob, noticed } = await setup(t, where);
    const file = await alice.delegated('write');
    const held = await alice.opened('held');
    t.equal(await bob.open('f', 'app', { access: BOTH }), 'DELAY');
    await noticed();
    await alice.closeFile(file);
    near.coordination.hold();
    const answers = await lease(near, alice, bob);
    t.same(new Set(answers), new Set(['OK', 'CB_PATH_DOWN']), 'from when it is being taken');
    if (far !== near) await lease(far, bob);
    await near.coordination.untilHolding(1);
    t.equal(await bob.open('f', 'app', { access: BOTH }), 'DELAY', 'its record is not gone yet');
    near.coordination.letGo();
    await near.clock.advance(0);
    t.notOk(near.coordination.records.has('alice'));
    t.type(await bob.open('f', 'app', { access: BOTH }), 'object');
    t.equal(await alice.open('g'), 'DELAY', 'no new state before it knows');
    t.equal(await alice.renew(), 'CB_PATH_DOWN');
    t.notOk(near.coordination.records.has('alice'), 'and no record');
    t.equal(await alice.giveBack(file), 'EXPIRED');
    await near.clock.advance(0);
    t.ok(near.coordination.records.has('alice'), 'it may reclaim again what it still has');
    t.equal(await alice.renew(), 'OK');
    t.equal(await alice.read(held), 'OK ');
    t.type(await alice.open('g'), 'object');
    t.equal(await alice.giveBack(file), 'BAD_STATEID');
  });

  t.test(`${where}: a delegation is reclaimed after a restart, and stands`, async (t) => {
    const { near, alice, bob, noticed } = await setup(t, where);
    const file = await alice.delegated('write');
    await near.reboot();
    alice.seqids.clear();
    await alice.introduce();
    await alice.confirm();
    const again = await reclaimed(alice, file, nfs.OPEN_DELEGATE_WRITE);
    t.match(again.delegation, { delegationType: nfs.OPEN_DELEGATE_WRITE, write: { recall: false } });
    near.coordination.lift();
    await alice.closeFile(again);
    if (where === 'one node') {
      bob.seqids.clear();
      await bob.start();
    }
    t.equal(await bob.open('f', 'app', { access: READ }), 'DELAY');
    await noticed();
    t.equal(alice.listener.recalls.length, 1);
    t.equal(await alice.giveBack(again), 'OK');
    t.type(await bob.open('f', 'app', { access: READ }), 'object');
  });
}

async function reclaimed(
  client: CalledClient,
  file: OpenFile,
  delegateType: nfs.DelegationType,
): Promise<OpenFile> {
  const opening = client.openCall(
    file.owner,
    { claim: nfs.CLAIM_PREVIOUS, delegateType },
    { access: BOTH, create: false },
  );
  const { results } = await client.run(call(putFh, { object: file.handle }), opening);
  const opened = results[1] as OpenResult;
  client.count(file.owner, statusName(opened.status));
  if (opened.status !== 0) throw new Error(`reclaim: ${statusName(opened.status)}`);
  return { ...file, stateid: opened.stateid, delegation: opened.delegation };
}

t.test('a client that cannot be called gets back what it had, to give it back', async (t) => {
  const { network, near, alice, bob } = await setup(t, 'one node');
  const file = await alice.delegated('read');
  await near.reboot();
  network.listeners.clear();
  alice.seqids.clear();
  await alice.introduce();
  await alice.confirm();
  const again = await reclaimed(alice, file, nfs.OPEN_DELEGATE_READ);
  t.match(again.delegation, { delegationType: nfs.OPEN_DELEGATE_READ, read: { recall: true } });
  near.coordination.lift();
  t.equal(await alice.renew(), 'CB_PATH_DOWN');
  t.equal(await alice.giveBack(again), 'OK');
  await alice.closeFile(again);
  bob.seqids.clear();
  await bob.start();
  t.type(await bob.open('f', 'app', { access: WRITE }), 'object');
});

/** Alice is back after a restart, with a delegation to reclaim, and the CB_NULL to her is on its way. */
async function reclaiming(t: Test) {
  const { network, near, alice } = await setup(t, 'one node');
  const file = await alice.delegated('read');
  await near.reboot();
  network.delay();
  alice.seqids.clear();
  await alice.introduce();
  await alice.confirm();
  return { network, near, answer: reclaimed(alice, file, nfs.OPEN_DELEGATE_READ) };
}

t.test('a reclaim waits until it is known whether its client can be called', async (t) => {
  const { network, near, answer } = await reclaiming(t);
  await near.clock.advance(LEASE_MS / 20);
  network.arrive();
  t.match((await answer).delegation, { read: { recall: false } });
});

t.test('a reclaim does not wait for long', async (t) => {
  const { near, answer } = await reclaiming(t);
  await near.clock.advance(LEASE_MS / 10);
  t.match((await answer).delegation, { read: { recall: true } });
});

t.test('an answer that says nothing of it is no answer: it is asked again over and over', async (t) => {
  const { near, alice, bob } = await setup(t, 'one node');
  const file = await alice.delegated('read');
  alice.listener.recallStatus = NFS4ERR_BAD_STATEID;
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY');
  await near.clock.advance(0);
  t.equal(alice.listener.recalls.length, 1);
  alice.listener.recallStatus = 0;
  await near.clock.advance(LEASE_MS / 10);
  t.equal(alice.listener.recalls.length, 2, 'the reply that gave it may not have arrived');
  await near.clock.advance(LEASE_MS / 4);
  t.equal(alice.listener.recalls.length, 2);
  t.equal(await alice.giveBack(file), 'OK');
});

t.test('a recall that found nobody goes out when the client is there again', async (t) => {
  const { network, near, alice, bob } = await setup(t, 'one node');
  const file = await alice.delegated('read');
  await near.clock.advance(LEASE_MS / 5);
  alice.unreachable();
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY');
  await near.clock.advance(LEASE_MS / 5);
  t.equal(await alice.renew(), 'CB_PATH_DOWN');
  network.listeners.set(alice.port, alice.listener);
  await near.clock.advance(LEASE_MS / 5);
  t.equal(alice.listener.recalls.length, 1);
  t.equal(await alice.renew(), 'OK');
  t.equal(await alice.giveBack(file), 'OK');
});

t.test('a recall that is not answered shows that the client cannot be called', async (t) => {
  const { near, alice, bob } = await setup(t, 'one node');
  await alice.delegated('read');
  alice.listener.silent = true;
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY');
  t.equal(await alice.renew(), 'OK');
  await near.clock.advance(LEASE_MS / 4);
  t.equal(await alice.renew(), 'CB_PATH_DOWN');
});

t.test('a client that is gone loses its delegations with its lease', async (t) => {
  const { near, alice, bob } = await setup(t, 'one node');
  const file = await alice.delegated('write');
  await alice.closeFile(file);
  alice.unreachable();
  t.equal(await bob.open('f', 'app'), 'DELAY');
  await lease(near, bob);
  await lease(near, bob);
  t.type(await bob.open('f', 'app'), 'object');
  t.equal(await alice.giveBack(file), 'EXPIRED');
  t.equal(await alice.renew(), 'EXPIRED');
});

t.test('a client that starts anew loses the delegations of its earlier life', async (t) => {
  const { alice, bob } = await setup(t, 'one node');
  const file = await alice.delegated('write');
  alice.verifier = Buffer.from('restart!');
  alice.seqids.clear();
  await alice.introduce();
  await alice.confirm();
  t.type(await bob.open('f', 'app'), 'object');
  t.equal(await alice.giveBack(file), 'EXPIRED');
});

t.test('whoever uses what was revoked has been told, and may have new state again', async (t) => {
  const uses: [string, (alice: CalledClient, file: OpenFile) => Promise<string>][] = [
    ['READ', (alice, file) => alice.read(file, stateidOf(file))],
    ['WRITE', (alice, file) => alice.write(file, 'y', stateidOf(file))],
    [
      'OPEN by it',
      (alice, file) => {
        const claim = {
          claim: nfs.CLAIM_DELEGATE_CUR,
          delegateCurInfo: { delegateStateid: stateidOf(file), file: 'f' },
        } as const;
        return alice.try(call(putRootFh, {}), alice.openCall('by it', claim, { create: false }));
      },
    ],
  ];
  for (const [name, use] of uses) {
    const { near, alice, bob } = await setup(t, 'one node');
    const file = await alice.delegated('write');
    const held = await alice.opened('held');
    await bob.open('f', 'app');
    await lease(near, alice, bob);
    t.equal(await alice.open('g'), 'DELAY', name);
    t.equal(await use(alice, file), 'EXPIRED', name);
    t.equal(await alice.renew(), 'OK');
    await near.clock.advance(0);
    t.ok(near.coordination.records.has('alice'), 'RENEW saw to it');
    t.type(await alice.open('g'), 'object', name);
    t.equal((await lease(near, alice)).at(-1), 'OK', 'and that is all');
    t.equal(await alice.read(held), 'OK ');
  }
});

t.test('what was opened under a delegation becomes an open while it is recalled', async (t) => {
  const { alice, bob } = await setup(t, 'one node');
  const file = await alice.delegated('write');
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY');
  const claim = (stateid: Stateid) =>
    ({ claim: nfs.CLAIM_DELEGATE_CUR, delegateCurInfo: { delegateStateid: stateid, file: 'f' } }) as const;
  const opening = (stateid: Stateid) => alice.openCall('second', claim(stateid), { create: false });
  t.equal(await alice.try(call(putRootFh, {}), opening(file.stateid)), 'BAD_STATEID', 'no delegation');
  t.equal(await alice.try(call(putRootFh, {}), opening(stateidOf(file))), 'OK');
  t.equal(await alice.giveBack(file), 'OK');
});

t.test('a client that does not hear of its loss within a lease begins anew', async (t) => {
  const { near, alice, bob } = await setup(t, 'one node');
  await alice.delegated('write');
  await bob.open('f', 'app');
  await lease(near, alice, bob);
  t.equal(await alice.open('g'), 'DELAY');
  const answers = await lease(near, alice, bob);
  t.equal(
    answers.findLast((_, index) => index % 2 === 0),
    'EXPIRED',
  );
  t.notOk(near.coordination.records.has('alice'));
  t.equal(await alice.introduce(), 'OK');
  t.equal(await alice.confirm(), 'OK');
  alice.seqids.clear();
  t.type(await alice.open('g'), 'object');
});

t.test('a record is owed for what was confirmed only', async (t) => {
  const { near } = await setup(t, 'one node');
  const carol = await new SessionlessTestClient(near, 'carol').start();
  await carol.open('c');
  await carol.renew();
  await near.clock.advance(0);
  t.notOk(near.coordination.records.has('carol'));
  t.ok(near.coordination.records.has('alice'));
});

t.test(
  'own operations do not wait for the own delegation, where the COMPOUND says whose they are',
  async (t) => {
    const { near, alice, bob } = await setup(t, 'one node');
    const file = await alice.delegated('write');
    const { listener } = alice;
    t.equal(await bob.try(at(file), size), 'DELAY', 'CB_GETATTR is not supported');
    await near.clock.advance(0);
    t.equal(listener.recalls.length, 1);
    t.equal(await alice.try(at(file), size), 'DELAY', 'whose this is nobody knows');
    const closing = alice.closeCall(file);
    t.equal(await alice.try(at(file), size, closing), 'OK', 'as Linux does it');
    alice.count('app', 'OK');
    t.equal(await alice.try(at(file), size, call(delegReturn, { delegStateid: stateidOf(file) })), 'OK');
    t.equal(await bob.try(at(file), size), 'OK');
    t.equal(listener.recalls.length, 1);
  },
);

t.test('who names a stateid of another client is not taken for the holder', async (t) => {
  const { alice, bob } = await setup(t, 'one node');
  const file = await alice.delegated('write');
  const other = await bob.opened('g');
  const claims = [
    bob.closeCall(other),
    call(delegReturn, { delegStateid: ANONYMOUS_STATEID }),
    call(remove, { target: 'nothing' }),
  ];
  for (const claim of claims) t.equal(await bob.try(at(file), size, claim), 'DELAY');
});

t.test('a holder is asked what it has changed, and keeps its delegation', async (t) => {
  const { alice, bob } = await setup(t, 'one node');
  const file = await alice.delegated('write');
  alice.listener.attributes = { size: 4711n, change: 1n };
  const { results } = await bob.run(at(file), size);
  t.match(results[1], { status: 0, objAttributes: { values: { size: 4711n } } });
  t.equal(alice.listener.recalls.length, 0);
  t.match(alice.listener.headers, [{ minorVersion: 0, callbackIdent: alice.callbackIdent }]);
});

t.test('delegations of 4.0 and 4.1 stand against each other', async (t) => {
  const { near, alice } = await setup(t, 'one node');
  const file = await alice.delegated('write');
  const carol = await new TestClient(near, 'carol').start();
  t.equal(await carol.open('f', 'app', { access: READ }), 'DELAY');
  await near.clock.advance(0);
  t.equal(alice.listener.recalls.length, 1);
  t.equal(await alice.giveBack(file), 'OK');
  await alice.closeFile(file);
  t.type(await carol.open('f', 'app', { access: READ }), 'object');
});

t.test('nothing is given while a beacon is missing', async (t) => {
  const { near, alice } = await setup(t, 'one node');
  writeFileSync(join(near.dir, 'f'), '');
  let tests = 0;
  near.coordination.confirmNewState = () => (++tests > 1 ? 'grace' : 'grant');
  const file = await alice.opened('f', 'app', { access: READ, create: false });
  t.equal(file.delegation?.delegationType, nfs.OPEN_DELEGATE_NONE);
  t.equal(tests, 2);
});
