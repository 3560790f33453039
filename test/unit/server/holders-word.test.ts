import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeBitmap, type FileAttributes } from '../../../src/nfs4/attributes.ts';
import { call } from '../../../src/nfs4/compound.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import { delegReturn } from '../../../src/nfs4/operations/deleg-return.ts';
import { type GetAttrResult, getAttr } from '../../../src/nfs4/operations/get-attr.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { statusName } from '../../../src/nfs4/status.ts';
import { type CallerRights, OWN_RIGHTS } from '../../../src/server/filesystem/caller-rights.ts';
import type { Credentials } from '../../../src/server/filesystem/types.ts';
import type { LockServerOptions } from '../../../src/server/options.ts';
import { LEASE_MS, NodeUnderTest } from './fixtures/node-under-test.ts';
import { type OpenFile, TestClient } from './fixtures/test-client.ts';
import { TestConnection } from './fixtures/test-connection.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const SEEN = attributeBitmap(['change', 'size', 'timeModify']);

/** Alice has a write delegation of a file of one byte, and Bob is there. */
async function setup(t: Test, options: Partial<LockServerOptions> = {}) {
  const node = new NodeUnderTest(t, options);
  const alice = new TestClient(node, 'alice');
  const connection = new TestConnection();
  alice.connection = connection;
  await alice.start();
  await connection.called(1);
  writeFileSync(join(node.dir, 'f'), 'x');
  const file = await alice.opened('f', 'app', { access: nfs.OPEN4_SHARE_ACCESS_BOTH });
  const { delegation } = file;
  if (delegation?.delegationType !== nfs.OPEN_DELEGATE_WRITE) throw new Error('no write delegation');
  const bob = await new TestClient(node, 'bob').start();
  const first = await seen(alice, file);
  return { node, alice, bob, connection, file, stateid: delegation.write.stateid, first };
}

/** What a client is told of the file, or why not. */
async function seen(client: TestClient, { handle }: OpenFile): Promise<FileAttributes & { status: string }> {
  const { status, results } = await client.run([
    call(putFh, { object: handle }),
    call(getAttr, { attrRequest: SEEN }),
  ]);
  const result: GetAttrResult | undefined = results[2];
  return { status: statusName(status), ...(result?.status === 0 ? result.objAttributes.values : {}) };
}

t.test('what its holder has not changed is as it is here, and the delegation stays', async (t) => {
  const { bob, connection, file, first } = await setup(t);
  connection.attributes = { change: first.change ?? 0n, size: 1n };
  t.same(await seen(bob, file), first);
  t.same(connection.asked, [file.handle]);
  t.equal(connection.recalls.length, 0);
});

t.test('what its holder has changed has its size, and another change and time with every look', async (t) => {
  const { alice, bob, connection, file, first } = await setup(t);
  connection.attributes = { change: (first.change ?? 0n) + 1n, size: 5n };
  const second = await seen(bob, file);
  t.match(second, { status: 'OK', size: 5n });
  t.not(second.change, first.change);
  t.notSame(second.timeModify, first.timeModify);
  const third = await seen(bob, file);
  t.match(third, { status: 'OK', size: 5n });
  t.ok((third.change ?? 0n) >= (second.change ?? 0n), 'it may have changed it again meanwhile');
  t.equal((await seen(alice, file)).size, 1n, 'nothing was written here');
  t.equal(connection.recalls.length, 0);
});

t.test('what its holder has overwritten has another change, though its size is the same', async (t) => {
  const { bob, connection, file, first } = await setup(t);
  connection.attributes = { change: (first.change ?? 0n) + 1n, size: 1n };
  const second = await seen(bob, file);
  t.match(second, { status: 'OK', size: 1n });
  t.not(second.change, first.change);
});

t.test('what its holder has written here already is no change', async (t) => {
  const { alice, bob, connection, file, stateid, first } = await setup(t);
  t.equal(await alice.write(file, 'hello', { ...stateid, seqid: 0 }), 'OK');
  connection.attributes = { change: first.change ?? 0n, size: 5n };
  t.same(await seen(bob, file), await seen(alice, file));
});

t.test('that the file was changed is noted by the server itself, in whose name it can', async (t) => {
  let acting: Credentials | null = null;
  const rights: CallerRights = {
    ...OWN_RIGHTS,
    during(caller, act) {
      const before = acting;
      acting = caller;
      try {
        return act();
      } finally {
        acting = before;
      }
    },
  };
  const { node, bob, connection, file, first } = await setup(t, { rights });
  const changes: (Credentials | null)[] = [];
  const setAttributes = node.filesystem.setAttributes.bind(node.filesystem);
  node.filesystem.setAttributes = (...change) => {
    changes.push(acting);
    return setAttributes(...change);
  };
  connection.attributes = { change: (first.change ?? 0n) + 1n, size: 5n };
  t.match(await seen(bob, file), { status: 'OK', size: 5n });
  t.same(changes, [{ uid: 0, gid: 0, gids: [] }]);
});

t.test('a client of version 4.0 gets the same answer', async (t) => {
  const { node, connection, file, first } = await setup(t);
  connection.attributes = { change: (first.change ?? 0n) + 1n, size: 7n };
  const old = await new SessionlessTestClient(node, 'old').start();
  const { results } = await old.run(
    call(putFh, { object: file.handle }),
    call(getAttr, { attrRequest: SEEN }),
  );
  const result = results[1];
  t.ok(result?.status === 0 && result.objAttributes.values.size === 7n);
});

t.test('whoever looks at the same time is told the same: the holder is asked once', async (t) => {
  const { node, bob, connection, file, first } = await setup(t);
  connection.attributes = { change: first.change ?? 0n, size: 1n };
  const carol = await new TestClient(node, 'carol').start();
  t.same(await Promise.all([seen(bob, file), seen(carol, file)]), [first, first]);
  t.equal(connection.asked.length, 1);
});

t.test('a holder that cannot say is asked to give the delegation back', async (t) => {
  for (const attributes of [null, { size: 1n }]) {
    const { bob, connection, file } = await setup(t);
    connection.attributes = attributes;
    t.equal((await seen(bob, file)).status, 'DELAY');
    await connection.recalled();
    t.equal(connection.recalls.length, 1);
    t.equal((await seen(bob, file)).status, 'DELAY');
    t.equal(connection.asked.length, 1, 'and not asked again');
  }
});

t.test('a holder that does not answer keeps nobody waiting for long', async (t) => {
  const { node, bob, connection, file } = await setup(t);
  connection.silent = true;
  const looking = seen(bob, file);
  await connection.called(2);
  await node.clock.advance(LEASE_MS / 10);
  t.equal((await looking).status, 'DELAY');
});

t.test('what the holder gave back while it was asked is as it is here', async (t) => {
  const { node, alice, bob, connection, file, stateid } = await setup(t);
  connection.silent = true;
  const looking = seen(bob, file);
  await connection.called(2);
  t.equal(
    await alice.try(call(putFh, { object: file.handle }), call(delegReturn, { delegStateid: stateid })),
    'OK',
  );
  await node.clock.advance(LEASE_MS / 10);
  t.match(await looking, { status: 'OK', size: 1n });
});

t.test('what the holder says counts for nothing when it has given the file back meanwhile', async (t) => {
  const { alice, bob, connection, file, stateid, first } = await setup(t);
  connection.attributes = { change: (first.change ?? 0n) + 1n, size: 9n };
  const looking = seen(bob, file);
  const giveBack = call(delegReturn, { delegStateid: stateid });
  t.equal(await alice.try(call(putFh, { object: file.handle }), giveBack), 'OK');
  t.same(await looking, first);
  t.equal(connection.asked.length, 1);
});

t.test('who asks for nothing that the holder changes does not disturb it', async (t) => {
  const { bob, connection, file } = await setup(t);
  const modest = call(getAttr, { attrRequest: attributeBitmap(['type', 'mode', 'fileid']) });
  t.equal(await bob.try(call(putFh, { object: file.handle }), modest), 'OK');
  t.equal(connection.asked.length, 0);
});
