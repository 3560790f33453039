import fc from 'fast-check';
import t from 'tap';
import { call, type OperationCall } from '../../../../src/nfs4/compound.ts';
import * as nfs from '../../../../src/nfs4/constants.ts';
import { openConfirm } from '../../../../src/nfs4/operations/open-confirm.ts';
import { openDowngrade } from '../../../../src/nfs4/operations/open-downgrade.ts';
import { putFh } from '../../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../../src/nfs4/operations/put-root-fh.ts';
import { releaseLockowner } from '../../../../src/nfs4/operations/release-lockowner.ts';
import { setClientidConfirm } from '../../../../src/nfs4/operations/set-clientid-confirm.ts';
import { NodeUnderTest, ROOT } from '../fixtures/node-under-test.ts';
import { SessionlessTestClient } from './fixtures/sessionless-client.ts';

/** Bytes of the RPC header, which are left alone. */
const HEADER_BYTES = 76;

t.test('no change of a valid request makes the server fail, or lose what another client has', async (t) => {
  const node = new NodeUnderTest(t);
  const alice = await new SessionlessTestClient(node, 'alice').start();
  const bob = await new SessionlessTestClient(node, 'bob').start();
  const kept = await bob.locked(await bob.opened('f'));
  const file = await alice.opened('f');
  const held = await alice.locked(file, 'locker', { offset: 100n });
  const at = call(putFh, { object: file.handle });
  const owner = { clientId: alice.clientId, owner: Buffer.from('locker') };
  const valid: readonly (readonly OperationCall[])[] = [
    [call(putRootFh, {}), alice.openCall('app', { claim: nfs.CLAIM_NULL, file: 'g' })],
    [at, alice.openCall('app', { claim: nfs.CLAIM_PREVIOUS, delegateType: 0 }, { create: false })],
    [at, call(openConfirm, { openStateid: file.stateid, seqid: alice.next('app') })],
    [
      at,
      call(openDowngrade, {
        openStateid: file.stateid,
        seqid: alice.next('app'),
        shareAccess: 1,
        shareDeny: 0,
      }),
    ],
    [at, alice.closeCall(file)],
    [at, alice.newLockCall(file, 'other', { offset: 200n })],
    [at, alice.lockAgainCall(held, { offset: 300n })],
    [at, alice.unlockCall(held, { offset: 100n })],
    [call(releaseLockowner, { lockOwner: owner })],
    [call(setClientidConfirm, { clientId: alice.clientId, setclientidConfirm: alice.confirmVerifier })],
  ];
  const words = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 0xffff_ffff), fc.nat(0xffff_ffff));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...valid),
      fc.array(fc.tuple(fc.nat(), words), { minLength: 1, maxLength: 3 }),
      async (ops, changes) => {
        const message = node.encode(ops, ROOT, 0);
        const places = (message.length - HEADER_BYTES) / 4;
        for (const [place, word] of changes) message.writeUInt32BE(word, HEADER_BYTES + (place % places) * 4);
        if ((await node.server.handleCall(message)) === null) throw new Error('no answer');
      },
    ),
    { numRuns: 1500 },
  );
  t.equal(await bob.unlock(kept), 'OK');
  t.equal(await bob.closeFile(kept.file), 'OK');
});
