import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeBitmap, attributeSet, type FileAttributes } from '../../../src/nfs4/attributes.ts';
import { call, type OperationCall } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { delegReturn } from '../../../src/nfs4/operations/deleg-return.ts';
import { getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { link } from '../../../src/nfs4/operations/link.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { readDir } from '../../../src/nfs4/operations/read-dir.ts';
import { remove } from '../../../src/nfs4/operations/remove.ts';
import { rename } from '../../../src/nfs4/operations/rename.ts';
import { saveFh } from '../../../src/nfs4/operations/save-fh.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { testStateid } from '../../../src/nfs4/operations/test-stateid.ts';
import { NFS4ERR_BAD_STATEID, statusName } from '../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID, READ_BYPASS_STATEID, type Stateid } from '../../../src/nfs4/types.ts';
import { DELEGATIONS } from '../../../src/server/marks/kinds.ts';
import { LEASE_MS, NodeUnderTest } from './fixtures/node-under-test.ts';
import { type OpenFile, type OpenWish, TestClient } from './fixtures/test-client.ts';
import { TestConnection } from './fixtures/test-connection.ts';
import { twoNodes } from './fixtures/two-nodes.ts';

const { OPEN4_SHARE_ACCESS_READ: READ, OPEN4_SHARE_ACCESS_WRITE: WRITE, OPEN4_SHARE_ACCESS_BOTH: BOTH } = nfs;
const RECALLED = nfs.SEQ4_STATUS_RECALLABLE_STATE_REVOKED;

interface Reachable {
  readonly client: TestClient;
  readonly connection: TestConnection;
}

/** A client that can be called back. */
async function reachable(node: NodeUnderTest, name: string): Promise<Reachable> {
  const connection = new TestConnection();
  const client = new TestClient(node, name);
  client.connection = connection;
  await client.start();
  await connection.called(1);
  return { client, connection };
}

/**
 * The holder of delegations and another client, on one node or on two. What one node must do for the other, it does when its time passes.
 */
async function setup(t: Test, where: 'one node' | 'two nodes') {
  const nodes = where === 'one node' ? null : twoNodes(t);
  const near = nodes?.n1 ?? new NodeUnderTest(t);
  const far = nodes?.n2 ?? near;
  const { client: alice, connection } = await reachable(near, 'alice');
  const bob = await new TestClient(far, 'bob').start();
  /** Long enough for a node to see what another one wants. */
  const noticed = () => near.clock.advance(20);
  return { near, far, alice, connection, bob, noticed };
}

function stateidOf({ delegation }: OpenFile): Stateid {
  if (delegation?.delegationType === nfs.OPEN_DELEGATE_READ) return delegation.read.stateid;
  if (delegation?.delegationType === nfs.OPEN_DELEGATE_WRITE) return delegation.write.stateid;
  throw new Error(`no delegation came, but ${delegation?.delegationType}`);
}

/** Makes a file, and opens it so that a delegation comes along. */
async function delegated(client: TestClient, kind: 'read' | 'write', name = 'f'): Promise<OpenFile> {
  writeFileSync(join(client.node.dir, name), 'x');
  const file = await client.opened(name, 'app', { access: kind === 'read' ? READ : BOTH });
  stateidOf(file);
  return file;
}

const giveBack = (client: TestClient, file: OpenFile, stateid = stateidOf(file)) =>
  client.try(call(putFh, { object: file.handle }), call(delegReturn, { delegStateid: stateid }));

const why = ({ delegation }: OpenFile) =>
  delegation?.delegationType === nfs.OPEN_DELEGATE_NONE_EXT
    ? delegation.whyNone.why
    : delegation?.delegationType;

t.test(
  'a delegation comes with an open of a client that can be called back, and with no other',
  async (t) => {
    const { near, alice, bob } = await setup(t, 'one node');
    t.equal((await delegated(alice, 'read', 'r')).delegation?.delegationType, nfs.OPEN_DELEGATE_READ);
    t.equal((await delegated(alice, 'write', 'w')).delegation?.delegationType, nfs.OPEN_DELEGATE_WRITE);
    writeFileSync(join(near.dir, 'f'), '');
    t.equal(
      (await bob.opened('f', 'app', { access: READ })).delegation?.delegationType,
      nfs.OPEN_DELEGATE_NONE,
    );
    t.equal(
      why(await bob.opened('f', 'app', { access: READ | nfs.OPEN4_SHARE_ACCESS_WANT_READ_DELEG })),
      nfs.WND4_RESOURCE,
    );
    const { client: carol, connection } = await reachable(near, 'carol');
    connection.peer.end();
    t.equal(
      (await carol.opened('f', 'app', { access: READ })).delegation?.delegationType,
      nfs.OPEN_DELEGATE_NONE,
    );
  },
);

t.test('a server that gives no delegations says that it has none', async (t) => {
  const node = new NodeUnderTest(t, { delegations: false });
  const { client } = await reachable(node, 'alice');
  writeFileSync(join(node.dir, 'f'), '');
  const file = await client.opened('f', 'app', { access: READ | nfs.OPEN4_SHARE_ACCESS_WANT_ANY_DELEG });
  t.equal(why(file), nfs.WND4_RESOURCE);
});

t.test('what a client wants of delegations', async (t) => {
  const { near, alice } = await setup(t, 'one node');
  const wants: [number, number, number | undefined][] = [
    [READ, nfs.OPEN4_SHARE_ACCESS_WANT_NO_DELEG, nfs.WND4_NOT_WANTED],
    [READ, nfs.OPEN4_SHARE_ACCESS_WANT_CANCEL, nfs.WND4_CANCELLED],
    [WRITE, nfs.OPEN4_SHARE_ACCESS_WANT_ANY_DELEG, nfs.WND4_RESOURCE],
    [BOTH, nfs.OPEN4_SHARE_ACCESS_WANT_READ_DELEG, nfs.WND4_RESOURCE],
    [READ, nfs.OPEN4_SHARE_ACCESS_WANT_READ_DELEG, nfs.OPEN_DELEGATE_READ],
    [READ, nfs.OPEN4_SHARE_ACCESS_WANT_ANY_DELEG, nfs.OPEN_DELEGATE_READ],
    [BOTH, nfs.OPEN4_SHARE_ACCESS_WANT_WRITE_DELEG, nfs.OPEN_DELEGATE_WRITE],
  ];
  for (const [index, [access, want, expected]] of wants.entries()) {
    writeFileSync(join(near.dir, `f${index}`), '');
    const file = await alice.opened(`f${index}`, 'app', { access: access | want });
    t.equal(why(file), expected, `access ${access}, want ${want}`);
  }
  const read = await delegated(alice, 'read', 'g');
  const again = await alice.opened('g', 'app', { access: READ | nfs.OPEN4_SHARE_ACCESS_WANT_READ_DELEG });
  t.equal(why(again), nfs.WND4_RESOURCE, 'it has one');
  const upgraded = await alice.opened('g', 'app', { access: BOTH | nfs.OPEN4_SHARE_ACCESS_WANT_WRITE_DELEG });
  t.equal(why(upgraded), nfs.WND4_NOT_SUPP_UPGRADE);
  t.equal(
    await alice.read(read, stateidOf(read)),
    'OK x',
    'its own open for writing does not stand against it',
  );
});

t.test('I/O with the stateid of a delegation', async (t) => {
  const { alice, bob } = await setup(t, 'one node');
  const read = await delegated(alice, 'read', 'r');
  await alice.closeFile(read);
  t.equal(await alice.read(read, stateidOf(read)), 'OK x');
  t.equal(await alice.write(read, 'y', stateidOf(read)), 'OPENMODE');
  const write = await delegated(alice, 'write', 'w');
  await alice.closeFile(write);
  t.equal(await alice.write(write, 'y', stateidOf(write)), 'OK');
  t.equal(await alice.read(write, stateidOf(write)), 'OK y');
  t.equal(await bob.read(write, stateidOf(write)), 'BAD_STATEID', 'it is nobody else’s');
  t.equal(await alice.free(stateidOf(write)), 'LOCKS_HELD');
  t.equal(await giveBack(alice, write), 'OK');
  t.equal(await giveBack(alice, write), 'BAD_STATEID');
  t.equal(await alice.read(write, stateidOf(write)), 'BAD_STATEID');
});

for (const where of ['one node', 'two nodes'] as const) {
  t.test(
    `${where}: several clients read under delegations, and one that writes gets all of them back first`,
    async (t) => {
      const { near, far, alice, connection, bob, noticed } = await setup(t, where);
      const carol = await reachable(far, 'carol');
      const first = await delegated(alice, 'read');
      const second = await carol.client.opened('f', 'app', { access: READ });
      t.equal(second.delegation?.delegationType, nfs.OPEN_DELEGATE_READ);
      t.equal(typeof (await bob.open('f', 'reader', { access: READ })), 'object');
      t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY');
      await noticed();
      t.same(connection.recalls[0]?.stateid, stateidOf(first));
      t.same(connection.recalls[0]?.fh, first.handle);
      t.equal(await giveBack(alice, first), 'OK');
      t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY', 'one is still out');
      await carol.connection.recalled();
      t.equal(connection.recalls.length, 1, 'each is asked once');
      t.equal(await giveBack(carol.client, second), 'OK');
      t.type(await bob.open('f', 'app', { access: WRITE }), 'object');
      const later = await alice.opened('f', 'later', { access: READ });
      t.equal(later.delegation?.delegationType, nfs.OPEN_DELEGATE_NONE, 'somebody writes');
      t.equal(near.defects.length + far.defects.length, 0);
    },
  );

  t.test(
    `${where}: a write delegation goes before anybody else reads, who then finds what was written`,
    async (t) => {
      const { far, alice, connection, bob, noticed } = await setup(t, where);
      const file = await delegated(alice, 'write');
      await alice.closeFile(file);
      t.equal(await bob.open('f', 'app', { access: READ }), 'DELAY');
      await noticed();
      t.equal(connection.recalls.length, 1);
      t.equal(
        await alice.write(file, 'newest', stateidOf(file)),
        'OK',
        'until it is back, what the client kept goes out',
      );
      t.equal(await giveBack(alice, file), 'OK');
      const reader = await bob.opened('f', 'app', { access: READ });
      t.equal(await bob.read(reader), 'OK newest');
      const { marks } = far.domain();
      if (marks !== undefined) t.same(marks.others(marks.anywhere, DELEGATIONS), { ok: true, value: 0 });
    },
  );

  t.test(`${where}: what others have open stands against a delegation`, async (t) => {
    const { near, alice, bob } = await setup(t, where);
    writeFileSync(join(near.dir, 'f'), 'x');
    const { OPEN4_SHARE_ACCESS_WANT_ANY_DELEG: ANY } = nfs;
    const writer = await bob.opened('f', 'app', { access: WRITE });
    const refused = await alice.opened('f', 'app', { access: READ | ANY });
    t.equal(why(refused), nfs.WND4_CONTENTION);
    await alice.closeFile(refused);
    await bob.closeFile(writer);
    const reader = await bob.opened('f', 'app', { access: READ });
    const both = await alice.opened('f', 'app', { access: BOTH | ANY });
    t.equal(why(both), nfs.WND4_CONTENTION);
    await alice.closeFile(both);
    const beside = await alice.opened('f', 'app', { access: READ | ANY });
    t.equal(why(beside), nfs.OPEN_DELEGATE_READ, 'readers do not disturb each other');
    await bob.closeFile(reader);
    await giveBack(alice, beside);
    await alice.closeFile(beside);
    t.equal(why(await alice.opened('f', 'app', { access: BOTH | ANY })), nfs.OPEN_DELEGATE_WRITE);
  });

  t.test(`${where}: a delegation comes with the first open of a client, or not at all`, async (t) => {
    const { near, alice, bob } = await setup(t, where);
    writeFileSync(join(near.dir, 'f'), 'x');
    const writer = await bob.opened('f', 'app', { access: WRITE });
    const { OPEN4_SHARE_ACCESS_WANT_ANY_DELEG: ANY } = nfs;
    const first = await alice.opened('f', 'app', { access: BOTH | ANY });
    await bob.closeFile(writer);
    // A LOCK by the first one may be on its way.
    for (const owner of ['app', 'other']) {
      const next = await alice.opened('f', owner, { access: BOTH | ANY });
      t.equal(next.delegation?.delegationType, nfs.OPEN_DELEGATE_NONE_EXT, owner);
      if (owner === 'other') await alice.closeFile(next);
    }
    await alice.closeFile(first);
    t.equal(why(await alice.opened('f', 'app', { access: BOTH | ANY })), nfs.OPEN_DELEGATE_WRITE);
  });

  t.test(`${where}: a file that was wanted back is not given out again at once`, async (t) => {
    const { near, alice, bob, noticed } = await setup(t, where);
    const file = await delegated(alice, 'write');
    await alice.closeFile(file);
    t.equal(await bob.open('f', 'app', { access: READ }), 'DELAY');
    await noticed();
    await giveBack(alice, file);
    await bob.closeFile(await bob.opened('f', 'app', { access: READ }));
    const wish = { access: READ | nfs.OPEN4_SHARE_ACCESS_WANT_READ_DELEG };
    const early = await alice.opened('f', 'app', wish);
    t.equal(why(early), nfs.WND4_CONTENTION);
    await alice.closeFile(early);
    await near.clock.advance(LEASE_MS / 2);
    await alice.renew();
    await near.clock.advance(LEASE_MS / 2 + 1);
    t.equal(why(await alice.opened('f', 'app', wish)), nfs.OPEN_DELEGATE_READ);
  });

  t.test(
    `${where}: nothing is revoked while grace lasts: who wanted it could not have it, nor could its holder open it`,
    async (t) => {
      const { near, alice, bob, noticed } = await setup(t, where);
      const file = await delegated(alice, 'write');
      await alice.closeFile(file);
      t.equal(await bob.open('f', 'app', { access: READ }), 'DELAY');
      await noticed();
      near.coordination.grace = true;
      const lease = async () => {
        for (let part = 0; part < 4; part += 1) {
          await near.clock.advance(LEASE_MS / 4);
          await alice.renew();
        }
      };
      await lease();
      t.equal(alice.statusFlags, 0);
      near.coordination.grace = false;
      await lease();
      t.equal(alice.statusFlags, RECALLED);
      t.equal(await alice.read(file, stateidOf(file)), 'DELEG_REVOKED');
    },
  );

  t.test(`${where}: deny modes and delegations`, async (t) => {
    const { alice, connection, bob, noticed } = await setup(t, where);
    const file = await delegated(alice, 'read');
    t.equal(
      await bob.open('f', 'app', { access: READ, deny: nfs.OPEN4_SHARE_DENY_READ }),
      'SHARE_DENIED',
      'the open itself',
    );
    await noticed();
    t.equal(connection.recalls.length, 0, 'giving back what does not help is not asked for');
    await alice.closeFile(file);
    await bob.closeFile(await bob.opened('f', 'other', { access: READ, deny: nfs.OPEN4_SHARE_DENY_WRITE }));
    t.equal(await bob.open('f', 'app', { access: READ, deny: nfs.OPEN4_SHARE_DENY_READ }), 'DELAY');
    await noticed();
    t.equal(connection.recalls.length, 1);
    await giveBack(alice, file);
    t.type(await bob.open('f', 'app', { access: READ, deny: nfs.OPEN4_SHARE_DENY_READ }), 'object');
  });

  const size = { stateid: ANONYMOUS_STATEID, objAttributes: attributeSet({ size: 0n }) };
  const mode = { stateid: ANONYMOUS_STATEID, objAttributes: attributeSet({ mode: 0o600 }) };
  const root = call(putRootFh, {});
  const onFile = ({ handle }: OpenFile) => call(putFh, { object: handle });
  const changes: [string, (file: OpenFile) => OperationCall[]][] = [
    ['SETATTR of the size', (file) => [onFile(file), call(setAttr, size)]],
    ['SETATTR of the mode', (file) => [onFile(file), call(setAttr, mode)]],
    ['LINK', (file) => [onFile(file), call(saveFh, {}), root, call(link, { newName: 'g' })]],
    ['RENAME', () => [root, call(saveFh, {}), root, call(rename, { oldName: 'f', newName: 'g' })]],
    ['RENAME over it', () => [root, call(saveFh, {}), root, call(rename, { oldName: 'o', newName: 'f' })]],
    ['REMOVE', () => [root, call(remove, { target: 'f' })]],
  ];
  for (const [name, request] of changes) {
    t.test(
      `${where}: ${name} by another client waits for a read delegation, the client's own does not`,
      async (t) => {
        const { near, alice, connection, bob, noticed } = await setup(t, where);
        writeFileSync(join(near.dir, 'o'), 'o');
        const file = await delegated(alice, 'read');
        await alice.closeFile(file);
        t.equal(await bob.try(...request(file)), 'DELAY');
        await noticed();
        t.equal(connection.recalls.length, 1);
        await giveBack(alice, file);
        t.equal(await bob.try(...request(file)), 'OK');
        rmSync(join(near.dir, 'g'), { force: true });
        writeFileSync(join(near.dir, 'o'), 'o');
        await near.clock.advance(LEASE_MS / 2);
        await alice.renew();
        await near.clock.advance(LEASE_MS / 2 + 1);
        const own = await delegated(alice, 'read');
        t.equal(await alice.try(...request(own)), 'OK');
        await noticed();
        t.equal(connection.recalls.length, 1);
      },
    );
  }

  t.test(`${where}: I/O without an open waits for delegations`, async (t) => {
    const { alice, connection, bob, noticed } = await setup(t, where);
    const read = await delegated(alice, 'read', 'r');
    await alice.closeFile(read);
    t.equal(await bob.read(read, ANONYMOUS_STATEID), 'OK x');
    t.equal(await bob.write(read, 'y', ANONYMOUS_STATEID), 'DELAY');
    await noticed();
    t.equal(connection.recalls.length, 1);
    await giveBack(alice, read);
    t.equal(await bob.write(read, 'y', ANONYMOUS_STATEID), 'OK');
    const write = await delegated(alice, 'write', 'w');
    await alice.closeFile(write);
    t.equal(await bob.read(write, READ_BYPASS_STATEID), 'DELAY', 'also for who passes deny modes by');
    await noticed();
    t.equal(connection.recalls.length, 2);
    await giveBack(alice, write);
    t.equal(await bob.read(write, READ_BYPASS_STATEID), 'OK x');
  });

  t.test(
    `${where}: size and change of a file that another client writes by itself are asked back first`,
    async (t) => {
      const { alice, connection, bob, noticed } = await setup(t, where);
      const file = await delegated(alice, 'write');
      const attributes = (...names: (keyof FileAttributes)[]) =>
        [
          call(putFh, { object: file.handle }),
          call(getAttr, { attrRequest: attributeBitmap(names) }),
        ] as const;
      t.equal(await alice.try(...attributes('size')), 'OK');
      t.equal(await bob.try(...attributes('type', 'mode')), 'OK');
      await noticed();
      t.equal(connection.recalls.length, 0);
      t.equal(await bob.try(...attributes('size')), 'DELAY');
      await noticed();
      t.equal(connection.recalls.length, 1);
      const { results } = await bob.run([
        call(putRootFh, {}),
        call(readDir, {
          cookie: 0n,
          cookieVerf: Buffer.alloc(8),
          dirCount: 1000,
          maxCount: 4000,
          attrRequest: attributeBitmap(['rdattrError', 'change']),
        }),
      ]);
      const listed = results[2];
      if (listed?.status !== 0) throw new Error('READDIR failed');
      t.equal(
        statusName(listed.reply.entries[0]?.attrs.values.rdattrError ?? 0),
        'DELAY',
        'READDIR says so per file',
      );
      await giveBack(alice, file);
      t.equal(await bob.try(...attributes('size')), 'OK');
    },
  );

  t.test(
    `${where}: who does not give back is revoked after a lease, its record first, and told until it frees it`,
    async (t) => {
      const { near, alice, connection, bob, noticed } = await setup(t, where);
      const file = await delegated(alice, 'write');
      await alice.closeFile(file);
      t.equal(await bob.open('f', 'app', { access: BOTH }), 'DELAY');
      await noticed();
      t.equal(connection.recalls.length, 1);
      await near.clock.advance(LEASE_MS / 2);
      await alice.renew();
      await bob.renew();
      t.equal(alice.statusFlags & RECALLED, 0);
      near.coordination.hold();
      await near.clock.advance(LEASE_MS / 2);
      await alice.renew();
      await near.coordination.untilHolding(1);
      t.equal(await bob.open('f', 'app', { access: BOTH }), 'DELAY', 'its record is not gone yet');
      near.coordination.letGo();
      await near.clock.advance(0);
      t.notOk(near.coordination.records.has('alice'));
      t.type(await bob.open('f', 'app', { access: BOTH }), 'object');
      await alice.renew();
      t.equal(alice.statusFlags, RECALLED);
      const tested = await alice.run([call(testStateid, { stateids: [stateidOf(file)] })]);
      t.match(tested.results[1], { statusCodes: [10087] }, 'DELEG_REVOKED');
      t.equal(await giveBack(alice, file), 'DELEG_REVOKED');
      t.equal(await alice.read(file, stateidOf(file)), 'DELEG_REVOKED');
      t.equal(await alice.open('g'), 'DELAY', 'no new state, and no record, before it knows');
      t.notOk(near.coordination.records.has('alice'));
      t.equal(await alice.free(stateidOf(file)), 'OK');
      await near.clock.advance(0);
      t.ok(near.coordination.records.has('alice'), 'and may reclaim again what it still has');
      await alice.renew();
      t.equal(alice.statusFlags, 0);
      t.type(await alice.open('g'), 'object');
    },
  );

  t.test(
    `${where}: a client that is gone is not asked for long: its lease ends, and its delegations with it`,
    async (t) => {
      const { near, alice, connection, bob } = await setup(t, where);
      const file = await delegated(alice, 'write');
      await alice.closeFile(file);
      connection.peer.end();
      t.equal(await bob.open('f', 'app', { access: BOTH }), 'DELAY');
      for (let part = 0; part < 6; part += 1) {
        await near.clock.advance(LEASE_MS / 4);
        await bob.renew();
      }
      t.type(await bob.open('f', 'app', { access: BOTH }), 'object');
      t.equal(await alice.read(file, stateidOf(file)), 'EXPIRED');
    },
  );

  t.test(`${where}: a delegation is reclaimed after a restart, and stands`, async (t) => {
    const { near, alice, bob, noticed } = await setup(t, where);
    const file = await delegated(alice, 'write');
    await near.reboot();
    const connection = new TestConnection();
    alice.connection = connection;
    await alice.connect();
    await connection.called(1);
    const { results } = await alice.run([
      call(putFh, { object: file.handle }),
      alice.openCall(
        'app',
        { claim: nfs.CLAIM_PREVIOUS, delegateType: nfs.OPEN_DELEGATE_WRITE },
        { access: BOTH },
      ),
    ]);
    const opened = results[2];
    if (opened?.status !== 0) throw new Error(`reclaim: ${statusName(opened?.status ?? 0)}`);
    const again: OpenFile = { ...file, stateid: opened.stateid, delegation: opened.delegation };
    t.equal(again.delegation?.delegationType, nfs.OPEN_DELEGATE_WRITE);
    await alice.complete();
    near.coordination.lift();
    await alice.closeFile(again);
    if (where === 'one node') await bob.start();
    t.equal(await bob.open('f', 'app', { access: READ }), 'DELAY');
    await noticed();
    await connection.recalled();
    t.equal(await giveBack(alice, again), 'OK');
    t.type(await bob.open('f', 'app', { access: READ }), 'object');
  });

  t.test(`${where}: a planned stop lets go of delegations`, async (t) => {
    const { near, far, alice, bob } = await setup(t, where);
    const file = await delegated(alice, 'write');
    await alice.closeFile(file);
    near.server.releaseAllState();
    if (far !== near) t.type(await bob.open('f', 'app', { access: BOTH }), 'object');
  });
}

t.test(
  'the client does not know the delegation yet: it is asked again, with the request that gave it named',
  async (t) => {
    const { near, alice, connection, bob } = await setup(t, 'one node');
    const file = await delegated(alice, 'read');
    connection.recallStatus = NFS4ERR_BAD_STATEID;
    t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY');
    await connection.recalled();
    t.same(connection.sequences.at(-1)?.referringCallLists[0]?.sessionId, alice.sessionId);
    connection.recallStatus = 0;
    await near.clock.advance(LEASE_MS / 10);
    t.equal(connection.recalls.length, 2);
    await near.clock.advance(LEASE_MS / 4);
    t.equal(connection.recalls.length, 2);
    t.equal(await giveBack(alice, file), 'OK');
  },
);

t.test('a recall that found no connection goes out on the next one', async (t) => {
  const { near, alice, connection, bob } = await setup(t, 'one node');
  const file = await delegated(alice, 'read');
  connection.peer.end();
  t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY');
  const next = new TestConnection();
  alice.connection = next;
  t.equal(await alice.createSession(), 'OK');
  await next.called(1);
  await near.clock.advance(LEASE_MS / 10);
  t.equal(next.recalls.length, 1);
  t.equal(await giveBack(alice, file), 'OK');
});

t.test(
  'what was opened under a delegation becomes an open on the server, while it is recalled',
  async (t) => {
    const { alice, bob, connection } = await setup(t, 'one node');
    const file = await delegated(alice, 'write');
    const other = await delegated(alice, 'write', 'other');
    t.equal(await bob.open('f', 'app', { access: WRITE }), 'DELAY');
    await connection.recalled();
    const claim = (stateid: Stateid) =>
      ({ claim: nfs.CLAIM_DELEG_CUR_FH, delegateStateid: stateid }) as const;
    const opening = (what: Parameters<TestClient['openCall']>[1], wish: OpenWish = { access: BOTH }) =>
      alice.openCall('second', what, wish);
    const at = call(putFh, { object: file.handle });
    t.equal(await alice.try(at, opening(claim(stateidOf(other)))), 'BAD_STATEID', 'of another file');
    t.equal(await alice.try(at, opening(claim(file.stateid))), 'BAD_STATEID', 'no delegation');
    t.equal(await bob.try(at, bob.openCall('x', claim(stateidOf(file)))), 'BAD_STATEID', 'not its own');
    t.equal(await alice.try(at, opening(claim(stateidOf(file)))), 'OK');
    const byName = {
      claim: nfs.CLAIM_DELEGATE_CUR,
      delegateCurInfo: { delegateStateid: stateidOf(file), file: 'f' },
    } as const;
    t.equal(await alice.try(call(putRootFh, {}), opening(byName)), 'OK');
    const missing = { ...byName, delegateCurInfo: { ...byName.delegateCurInfo, file: 'missing' } };
    t.equal(await alice.try(call(putRootFh, {}), opening(missing)), 'NOENT');
    t.equal(await giveBack(alice, file), 'OK');
    const read = await delegated(alice, 'read', 'r');
    const wider = opening(claim(stateidOf(read)), { access: WRITE });
    t.equal(
      await alice.try(call(putFh, { object: read.handle }), wider),
      'BAD_STATEID',
      'not more than it allows',
    );
  },
);

t.test('no delegation is given while a beacon is missing, and no mark of it stays', async (t) => {
  const { near, alice, bob } = await setup(t, 'two nodes');
  writeFileSync(join(near.dir, 'f'), '');
  // The open itself is tested twice; the delegation is what comes third.
  let tests = 0;
  near.coordination.confirmNewState = () => (++tests > 1 ? 'grace' : 'grant');
  const file = await alice.opened('f', 'app', { access: READ });
  t.equal(file.delegation?.delegationType, nfs.OPEN_DELEGATE_NONE);
  t.equal(tests, 2);
  t.type(await bob.open('f', 'app', { access: WRITE }), 'object');
});

t.test('whoever had it recalled from another node has none of it for a lease either', async (t) => {
  const { alice, far, noticed } = await setup(t, 'two nodes');
  const { client: carol } = await reachable(far, 'carol');
  const file = await delegated(alice, 'write');
  t.equal(await carol.open('f', 'app', { access: BOTH }), 'DELAY');
  await noticed();
  await giveBack(alice, file);
  await alice.closeFile(file);
  const early = await carol.opened('f', 'app', { access: BOTH });
  t.equal(early.delegation?.delegationType, nfs.OPEN_DELEGATE_NONE);
  await carol.closeFile(early);
  await far.clock.advance(LEASE_MS / 2);
  await carol.renew();
  await far.clock.advance(LEASE_MS / 2 + 1);
  t.equal(
    (await carol.opened('f', 'app', { access: BOTH })).delegation?.delegationType,
    nfs.OPEN_DELEGATE_WRITE,
  );
});

t.test('who waits for a delegation of another node comes before who asks for the next one', async (t) => {
  const { near, far, alice, bob, connection, noticed } = await setup(t, 'two nodes');
  const file = await delegated(alice, 'write');
  t.equal(await bob.open('f', 'app', { access: READ }), 'DELAY');
  await noticed();
  t.equal(connection.recalls.length, 1);
  await giveBack(alice, file);
  await alice.closeFile(file);
  await near.clock.advance(LEASE_MS / 2);
  await alice.renew();
  await near.clock.advance(LEASE_MS / 2 + 1);
  const early = await alice.opened('f', 'app', { access: BOTH });
  t.equal(early.delegation?.delegationType, nfs.OPEN_DELEGATE_NONE, 'wanted');
  await alice.closeFile(early);
  await far.clock.advance(LEASE_MS);
  t.equal(
    (await alice.opened('f', 'next', { access: BOTH })).delegation?.delegationType,
    nfs.OPEN_DELEGATE_WRITE,
    'not any more: nobody came for it',
  );
});
