import t from 'tap';
import { type AttributeName, attributeBitmap, attributeNumber } from '../../../../src/nfs4/attributes.ts';
import { bitmapHas } from '../../../../src/nfs4/bitmap.ts';
import { call, OP_ILLEGAL, type OperationCall } from '../../../../src/nfs4/compound.ts';
import { getAttr } from '../../../../src/nfs4/operations/get-attr.ts';
import { getXattr } from '../../../../src/nfs4/operations/get-xattr.ts';
import { putRootFh } from '../../../../src/nfs4/operations/put-root-fh.ts';
import { seek } from '../../../../src/nfs4/operations/seek.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../../src/nfs4/types.ts';
import { TestClient } from '../fixtures/test-client.ts';
import { ROOT_FH, started } from './fixtures/started.ts';

/** An operation without arguments that has this number. */
const numbered = (number: number): OperationCall => ({ op: { ...putRootFh, number }, args: {} });

const LATER: readonly AttributeName[] = ['spaceFreed', 'changeAttrType', 'modeUmask', 'xattrSupport'];

t.test('what works in version 4.1 works in 4.2', async (t) => {
  const { alice } = await started(t);
  const file = await alice.opened('f');
  t.equal(await alice.write(file, 'contents'), 'OK');
  t.equal(await alice.read(file), 'OK contents');
  const held = await alice.locked(file);
  t.equal(await alice.unlock(held), 'OK');
  t.equal(await alice.closeFile(file), 'OK');
  await alice.leave();
});

t.test('operations that are not served, that come after this version, and that are none', async (t) => {
  const { node, alice } = await started(t);
  for (const number of [61, 63, 64, 65, 66, 67, 68, 70]) {
    t.equal(await alice.try(numbered(number)), 'NOTSUPP', `operation ${number}`);
  }
  for (const number of [2, 76, 127, OP_ILLEGAL]) {
    t.equal(await alice.try(numbered(number)), 'OP_ILLEGAL', `operation ${number}`);
  }
  const { status } = await node.send([ROOT_FH], { minorVersion: 3 });
  t.equal(statusName(status), 'MINOR_VERS_MISMATCH');
});

t.test('operations of version 4.2 need a session, and are none of 4.1', async (t) => {
  const { node } = await started(t);
  const xattr = call(getXattr, { name: 'a' });
  const alone = await node.send([xattr], { minorVersion: 2 });
  t.equal(statusName(alone.status), 'OP_NOT_IN_SESSION');
  const bob = await new TestClient(node, 'bob').start();
  t.equal(await bob.try(ROOT_FH, xattr), 'OP_ILLEGAL');
  const hole = call(seek, { stateid: ANONYMOUS_STATEID, offset: 0n, what: 1 });
  t.equal(await bob.try(ROOT_FH, hole), 'OP_ILLEGAL');
});

t.test('attributes of version 4.2 are to be seen in 4.2 alone', async (t) => {
  const { node, alice } = await started(t);
  const bob = await new TestClient(node, 'bob').start();
  const asked = LATER.filter((name) => name !== 'modeUmask');
  const ask = call(getAttr, {
    attrRequest: attributeBitmap(['supportedAttrs', 'suppattrExclcreat', ...asked]),
  });
  for (const [client, knows] of [
    [alice, true],
    [bob, false],
  ] as const) {
    const { results } = await client.run([ROOT_FH, ask]);
    const found = results[2];
    if (found?.status !== 0) throw new Error('GETATTR failed');
    const { values } = found.objAttributes;
    for (const name of LATER)
      t.equal(bitmapHas(values.supportedAttrs ?? [], attributeNumber(name)), knows, `${name} supported`);
    for (const name of asked) t.equal(values[name] !== undefined, knows, `${name} answered`);
    t.equal(bitmapHas(values.suppattrExclcreat ?? [], attributeNumber('modeUmask')), knows);
    if (knows) t.equal(values.changeAttrType, 3);
  }
  const setOnly = call(getAttr, { attrRequest: attributeBitmap(['modeUmask']) });
  t.equal(await alice.try(ROOT_FH, setOnly), 'INVAL');
  t.equal(await bob.try(ROOT_FH, setOnly), 'OK', 'no attribute of 4.1, and so left out');
});
