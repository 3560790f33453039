import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { attributeBitmap, attributeSet } from '../../../../src/nfs4/attributes.ts';
import { bitmapBits, bitmapOr } from '../../../../src/nfs4/bitmap.ts';
import { call } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { backchannelCtl } from '../../../../src/nfs4/operations/backchannel-ctl.ts';
import { destroyClientid } from '../../../../src/nfs4/operations/destroy-clientid.ts';
import { getAttr } from '../../../../src/nfs4/operations/get-attr.ts';
import { getFh } from '../../../../src/nfs4/operations/get-fh.ts';
import { openConfirm } from '../../../../src/nfs4/operations/open-confirm.ts';
import { putRootFh } from '../../../../src/nfs4/operations/put-root-fh.ts';
import { readDir } from '../../../../src/nfs4/operations/read-dir.ts';
import { releaseLockowner } from '../../../../src/nfs4/operations/release-lockowner.ts';
import { renew } from '../../../../src/nfs4/operations/renew.ts';
import { secInfo } from '../../../../src/nfs4/operations/sec-info.ts';
import { sequence } from '../../../../src/nfs4/operations/sequence.ts';
import { setAttr } from '../../../../src/nfs4/operations/set-attr.ts';
import { setClientid } from '../../../../src/nfs4/operations/set-clientid.ts';
import { setClientidConfirm } from '../../../../src/nfs4/operations/set-clientid-confirm.ts';
import { verify } from '../../../../src/nfs4/operations/verify.ts';
import { statusName } from '../../../../src/nfs4/status.ts';
import { ANONYMOUS_STATEID, CURRENT_STATEID } from '../../../../src/nfs4/types.ts';
import { NodeUnderTest } from '../fixtures/node-under-test.ts';
import { TestClient } from '../fixtures/test-client.ts';
import { SessionlessTestClient } from './fixtures/sessionless-client.ts';

const setup = async (t: Test, options = {}) => {
  const node = new NodeUnderTest(t, options);
  return { node, alice: await new SessionlessTestClient(node, 'alice').start() };
};

t.test(
  'RFC 7530 section 15.2: an empty COMPOUND is OK, a version that is not known is MINOR_VERS_MISMATCH',
  async (t) => {
    const { node, alice } = await setup(t);
    t.equal(await alice.try(), 'OK');
    const { status, results } = await node.send([call(putRootFh, {})], { minorVersion: 50 });
    t.same([statusName(status), results.length], ['MINOR_VERS_MISMATCH', 0]);
  },
);

t.test(
  'operations that only sessions have are OP_ILLEGAL; what 4.0 has and we do not is NOTSUPP',
  async (t) => {
    const { node, alice } = await setup(t);
    const bob = await new TestClient(node, 'bob').connect();
    const sessions = [
      bob.exchangeCall(),
      bob.createSessionCall(),
      bob.sequence(),
      call(backchannelCtl, { cbProgram: 0, secParms: [] }),
      call(destroyClientid, { clientId: 0n }),
    ];
    for (const each of sessions) t.equal(await alice.try(each), 'OP_ILLEGAL', each.op.name);
    t.equal(
      await alice.try({ op: { ...sequence, number: 2, encodeArgs() {} }, args: {} } as never),
      'OP_ILLEGAL',
    );
    t.equal(
      await alice.try({ op: { ...sequence, number: 40, encodeArgs() {} }, args: {} } as never),
      'OP_ILLEGAL',
    );
    const openAttr = { op: { ...renew, name: 'OPENATTR', number: 19 }, args: { clientId: 0n } };
    t.equal(await alice.try(openAttr), 'NOTSUPP');
  },
);

t.test('RFC 8881 section 17: operations that only 4.0 has are NOTSUPP in a session', async (t) => {
  const { node } = await setup(t);
  const bob = await new TestClient(node, 'bob').start();
  const { clientId } = bob;
  const lockOwner = { clientId, owner: Buffer.from('x') };
  const callback = { cbProgram: 0, cbLocation: { netId: 'tcp', address: '' } };
  const gone = [
    call(renew, { clientId }),
    call(releaseLockowner, { lockOwner }),
    call(setClientidConfirm, { clientId, setclientidConfirm: Buffer.alloc(8) }),
    call(setClientid, {
      client: { verifier: Buffer.alloc(8), id: Buffer.from('x') },
      callback,
      callbackIdent: 0,
    }),
    call(openConfirm, { openStateid: ANONYMOUS_STATEID, seqid: 0 }),
  ];
  for (const each of gone) t.equal(await bob.try(each), 'NOTSUPP', each.op.name);
});

t.test('RFC 7530 section 13.1.1.5: a COMPOUND that is too long is RESOURCE where it is', async (t) => {
  const { alice } = await setup(t, { limits: { operationsPerCompound: 4 } });
  const root = call(putRootFh, {});
  t.equal(await alice.try(root, root, root, root), 'OK');
  const { status, results } = await alice.run(root, root, root, root, root);
  t.same([statusName(status), results.length], ['RESOURCE', 5]);
});

t.test('a reply that does not fit is RESOURCE, and what it was for is not done', async (t) => {
  const { node, alice } = await setup(t, { limits: { messageBytes: 1024 } });
  const file = await alice.opened('f');
  const ask = call(getAttr, { attrRequest: attributeBitmap(['fsid']) });
  const root = call(putRootFh, {});
  const fillers = [ask];
  while ((await alice.try(root, ...fillers, ask)) === 'OK') fillers.push(ask);
  const claim = { claim: nfs.CLAIM_NULL, file: 'g' } as const;
  const { status, results } = await alice.run(root, ...fillers, alice.openCall('app', claim));
  t.same([statusName(status), results.length], ['RESOURCE', fillers.length + 2]);
  t.notOk(existsSync(join(node.dir, 'g')));
  t.equal(await alice.closeFile(file), 'OK', 'it has cost no seqid');
});

t.test('RFC 7530 section 16.31: SECINFO leaves the current filehandle as it is', async (t) => {
  const { node, alice } = await setup(t);
  await alice.opened('f');
  const calls = [call(putRootFh, {}), call(secInfo, { name: 'f' }), call(getFh, {})] as const;
  t.equal(await alice.try(...calls), 'OK');
  const bob = await new TestClient(node, 'bob').start();
  t.equal(await bob.try(...calls), 'NOFILEHANDLE', 'and in 4.1 consumes it');
});

t.test('RFC 7530 section 5: attributes of later versions are not there', async (t) => {
  const { node, alice } = await setup(t);
  await alice.opened('f');
  const wanted = bitmapOr(
    attributeBitmap(['supportedAttrs', 'suppattrExclcreat', 'mode']),
    [0, 0, 0xffff_ffff],
  );
  const { results } = await alice.run(call(putRootFh, {}), call(getAttr, { attrRequest: wanted }));
  const got = results[1];
  if (got?.status !== 0) throw new Error('GETATTR failed');
  t.same(got.objAttributes.mask, attributeBitmap(['supportedAttrs', 'mode']));
  t.ok(bitmapBits(got.objAttributes.values.supportedAttrs ?? []).every((bit) => bit <= 55));

  const listed = await alice.run(
    call(putRootFh, {}),
    call(readDir, {
      cookie: 0n,
      cookieVerf: Buffer.alloc(8),
      dirCount: 4096,
      maxCount: 4096,
      attrRequest: wanted,
    }),
  );
  const entries = listed.results[1]?.status === 0 ? listed.results[1].reply.entries : [];
  t.equal(entries.length, 1);
  for (const { attrs } of entries) {
    t.same(attrs.mask, attributeBitmap(['supportedAttrs', 'mode']));
    t.ok(bitmapBits(attrs.values.supportedAttrs ?? []).every((bit) => bit <= 55));
  }

  const foreign = attributeSet({ suppattrExclcreat: [] });
  const root = call(putRootFh, {});
  t.equal(await alice.try(root, call(verify, { objAttributes: foreign })), 'ATTRNOTSUPP');
  t.equal(
    await alice.try(root, call(setAttr, { stateid: ANONYMOUS_STATEID, objAttributes: foreign })),
    'ATTRNOTSUPP',
  );
  const create = { openType: nfs.OPEN4_CREATE, how: { mode: nfs.UNCHECKED4, createAttrs: foreign } } as const;
  t.equal(await alice.open('g', 'app', { openHow: create }), 'ATTRNOTSUPP');
  const bob = await new TestClient(node, 'bob').start();
  t.not(await bob.try(root, call(verify, { objAttributes: foreign })), 'ATTRNOTSUPP', 'which 4.1 knows');
});

t.test('what 4.1 brought to OPEN is BADXDR, and costs no seqid', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f');
  const createBoth = { verf: Buffer.alloc(8), attrs: attributeSet({}) };
  const exclusive = { openType: nfs.OPEN4_CREATE, how: { mode: nfs.EXCLUSIVE4_1, createBoth } } as const;
  t.equal(await alice.open('g', 'app', { openHow: exclusive }), 'BADXDR');
  t.equal(
    await alice.try(call(putRootFh, {}), alice.openCall('app', { claim: nfs.CLAIM_FH }, { create: false })),
    'BADXDR',
  );
  t.equal(await alice.closeFile(file), 'OK');
});

t.test('there is no current stateid', async (t) => {
  const { alice } = await setup(t);
  const file = await alice.opened('f');
  t.equal(await alice.read(file, CURRENT_STATEID), 'BAD_STATEID');
});
