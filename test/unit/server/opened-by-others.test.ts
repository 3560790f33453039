import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeSet } from '../../../src/nfs4/attributes.ts';
import { call } from '../../../src/nfs4/compound.ts';
import { FILE_SYNC4 } from '../../../src/nfs4/constants.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { read } from '../../../src/nfs4/operations/read.ts';
import { setAttr } from '../../../src/nfs4/operations/set-attr.ts';
import { write } from '../../../src/nfs4/operations/write.ts';
import { NodeUnderTest } from './fixtures/node-under-test.ts';
import { TestClient } from './fixtures/test-client.ts';
import { SessionlessTestClient } from './version-0/fixtures/sessionless-client.ts';

const OWNER = { uid: 1000, machine: 'machine' };
const STRANGER = { uid: 1234, machine: 'machine' };
const skip = process.getuid?.() !== 0 && 'needs root';

/** Root has a file of uid 1000 open, and others come with its stateid: the client may let them, as far as they may themselves. */
async function shared(t: Test, minorVersion: 0 | 1) {
  const node = new NodeUnderTest(t);
  const path = join(node.dir, 'f');
  writeFileSync(path, 'data');
  chownSync(path, OWNER.uid, OWNER.uid);
  const Client = minorVersion === 0 ? SessionlessTestClient : TestClient;
  const client = await new Client(node, 'alice').start();
  const { handle, stateid } = await client.opened('f', 'app', { create: false });
  const at = call(putFh, { object: handle });
  const calls = {
    READ: call(read, { stateid, offset: 0n, count: 10 }),
    WRITE: call(write, { stateid, offset: 0n, stable: FILE_SYNC4, data: Buffer.from('x') }),
    SETATTR: call(setAttr, { stateid, objAttributes: attributeSet({ size: 4n }) }),
  };
  const all = async (): Promise<Record<string, string>> => {
    const statuses: Record<string, string> = {};
    for (const [name, operation] of Object.entries(calls)) statuses[name] = await client.try(at, operation);
    return statuses;
  };
  return { client, all, allow: (mode: number) => chmodSync(path, mode) };
}

const OK = { READ: 'OK', WRITE: 'OK', SETATTR: 'OK' };

for (const minorVersion of [0, 1] as const)
  t.test(
    `4.${minorVersion}: a stateid is worth no more than the rights of who uses it`,
    { skip },
    async (t) => {
      const { client, all, allow } = await shared(t, minorVersion);
      allow(0o600);
      t.same(await all(), OK, 'who opened it');
      client.sender = STRANGER;
      t.same(await all(), { READ: 'ACCESS', WRITE: 'ACCESS', SETATTR: 'ACCESS' });
      allow(0o604);
      t.same(await all(), { READ: 'OK', WRITE: 'ACCESS', SETATTR: 'ACCESS' });
      allow(0o601);
      t.equal((await all()).READ, 'OK', 'a program is read to be run');
      allow(0o606);
      t.same(await all(), OK);
      client.sender = OWNER;
      allow(0o000);
      t.same(await all(), OK, 'its owner could change the mode anyway');
    },
  );

t.test('who opened a file keeps what the open gave, whatever becomes of its mode', { skip }, async (t) => {
  const { client, all, allow } = await shared(t, 1);
  client.sender = STRANGER;
  allow(0o666);
  const own = await client.opened('f', 'mine', { create: false });
  allow(0o600);
  const reading = call(read, { stateid: own.stateid, offset: 0n, count: 10 });
  t.equal(await client.try(call(putFh, { object: own.handle }), reading), 'OK');
  t.equal((await all()).READ, 'ACCESS', "root's stateid is not as good");
});
