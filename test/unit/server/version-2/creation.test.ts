import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attributeNumber, attributeSet, type FileAttributes } from '../../../../src/nfs4/attributes.ts';
import { bitmapHas } from '../../../../src/nfs4/bitmap.ts';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { create } from '../../../../src/nfs4/operations/create.ts';
import { setAttr } from '../../../../src/nfs4/operations/set-attr.ts';
import { verify } from '../../../../src/nfs4/operations/verify.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID } from '../../../../src/nfs4/types.ts';
import { TestClient } from '../fixtures/test-client.ts';
import { fill, ROOT_FH, started, to } from './fixtures/started.ts';

const MASKED: FileAttributes = { modeUmask: { mode: 0o664, umask: 0o027 } };

const mkdir = (objName: string, attributes: FileAttributes) =>
  call(create, { objType: { type: nfs.NF4DIR }, objName, createAttrs: attributeSet(attributes) });

const making = (attributes: FileAttributes) => ({
  openHow: {
    openType: nfs.OPEN4_CREATE,
    how: { mode: nfs.GUARDED4, createAttrs: attributeSet(attributes) },
  } as const,
});

t.test('what is made has its mode without the bits of the umask', async (t) => {
  const { node, alice } = await started(t);
  const modeOf = (name: string) => lstatSync(join(node.dir, name)).mode & 0o7777;
  await alice.opened('f', 'app', making(MASKED));
  t.equal(modeOf('f'), 0o640);
  const { status, results } = await alice.run([
    ROOT_FH,
    mkdir('d', { modeUmask: { mode: 0o775, umask: 0o022 } }),
  ]);
  t.equal(statusName(status), 'OK');
  t.equal(modeOf('d'), 0o755);
  const made = results[2];
  if (made?.status !== 0) throw new Error('CREATE failed');
  t.ok(bitmapHas(made.attrSet, attributeNumber('modeUmask')), 'told as it was asked for');
  t.notOk(bitmapHas(made.attrSet, attributeNumber('mode')));
  const exclusive = {
    openHow: {
      openType: nfs.OPEN4_CREATE,
      how: {
        mode: nfs.EXCLUSIVE4_1,
        createBoth: { verf: Buffer.from('verifier'), attrs: attributeSet(MASKED) },
      },
    } as const,
  };
  await alice.opened('x', 'app', exclusive);
  t.equal(modeOf('x'), 0o640);
});

t.test('a mode with a umask is for new things, and takes the place of a mode', async (t) => {
  const { node, alice } = await started(t);
  fill(node, 'there', '');
  t.equal(await alice.open('f', 'app', making({ ...MASKED, mode: 0o600 })), 'INVAL');
  t.equal(await alice.try(ROOT_FH, mkdir('d', { ...MASKED, mode: 0o600 })), 'INVAL');
  t.equal(await alice.try(ROOT_FH, mkdir('d', { xattrSupport: true })), 'INVAL', 'read-only');
  const set = (attributes: FileAttributes) =>
    call(setAttr, { stateid: ANONYMOUS_STATEID, objAttributes: attributeSet(attributes) });
  t.equal(await alice.try(...to('there'), set(MASKED)), 'INVAL');
  t.equal(await alice.try(...to('there'), set({ mode: 0o600 })), 'OK');
  const same = call(verify, { objAttributes: attributeSet({ changeAttrType: 3, size: 0n }) });
  t.equal(await alice.try(...to('there'), same), 'OK');
});

t.test('version 4.1 knows nothing of it', async (t) => {
  const { node } = await started(t);
  const bob = await new TestClient(node, 'bob').start();
  t.equal(await bob.open('f', 'app', making(MASKED)), 'ATTRNOTSUPP');
  t.equal(await bob.try(ROOT_FH, mkdir('d', MASKED)), 'ATTRNOTSUPP');
  const same = call(verify, { objAttributes: attributeSet({ changeAttrType: 3 }) });
  t.equal(await bob.try(ROOT_FH, same), 'ATTRNOTSUPP');
});
