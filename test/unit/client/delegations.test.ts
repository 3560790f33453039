import t from 'tap';
import type { Delegation } from '../../../src/client/delegation.ts';
import * as nfs from '../../../src/nfs4/constants.ts';
import * as st from '../../../src/nfs4/status.ts';
import { Scene } from './fixtures/scene.ts';

/** Alice has a write delegation of her file, and has not been asked for it. */
async function holding() {
  const scene = await Scene.begin();
  scene.server.delegation = 'write';
  const file = scene.client.file('ledger.db', { owner: 'p1' });
  const delegation = (await scene.settle(file.openDelegated('write'))) as Delegation;
  return { scene, file, delegation };
}
const recallOf = ({ stateid }: Delegation) => ({ stateid, truncate: false, fh: Buffer.alloc(0) });

t.test('an open as such wants no delegation; one that does says which', async (t) => {
  const scene = await Scene.begin();
  await scene.settle(scene.client.open('plain'));
  const { file, scene: other, delegation } = await holding();
  t.equal(delegation.kind, 'write');
  t.ok(file.status === 'OK' && !delegation.recalled && !delegation.gone);
  const wants = (of: Scene) =>
    of.server.ran('OPEN')[0]?.args.shareAccess & nfs.OPEN4_SHARE_ACCESS_WANT_DELEG_MASK;
  t.equal(wants(scene), nfs.OPEN4_SHARE_ACCESS_WANT_NO_DELEG);
  t.equal(wants(other), nfs.OPEN4_SHARE_ACCESS_WANT_WRITE_DELEG);
});

t.test('a server that gives none', async (t) => {
  const scene = await Scene.begin();
  const file = scene.client.file('ledger.db', { owner: 'p1' });
  t.equal(await scene.settle(file.openDelegated('write')), null);
  t.match(await scene.settle(file.close()), { status: 'OK' });
  t.equal(scene.server.ran('DELEGRETURN').length, 0);
});

t.test('what is written under it carries its stateid, and a close gives it back first', async (t) => {
  const { scene, file, delegation } = await holding();
  await scene.settle(file.write(0, 'x', { under: delegation }));
  t.match(scene.server.ran('WRITE')[0]?.args.stateid.other.toString(), /deleg/);
  await scene.settle(file.close());
  t.ok(delegation.gone);
  const names = scene.server.received.map(({ name }) => name);
  t.ok(names.indexOf('DELEGRETURN') > 0 && names.indexOf('DELEGRETURN') < names.indexOf('CLOSE'));
});

t.test('a recall is known by its stateid', async (t) => {
  const { scene, delegation } = await holding();
  const strange = { ...recallOf(delegation), stateid: { seqid: 1, other: Buffer.alloc(12) } };
  t.equal(scene.client.recalled(strange), st.NFS4ERR_BAD_STATEID);
  t.notOk(delegation.recalled);
  t.equal(scene.client.recalled(recallOf(delegation)), st.NFS4_OK);
  t.ok(delegation.recalled);
  await scene.settle(delegation.wanted);
});

t.test('it is reclaimed with the open, and what is written later carries the new stateid', async (t) => {
  const { scene, file, delegation } = await holding();
  scene.server.restart();
  await scene.settle(file.write(0, 'x', { under: delegation }));
  const [, reclaim] = scene.server.ran('OPEN');
  t.match(reclaim?.args.claim, { claim: nfs.CLAIM_PREVIOUS, delegateType: nfs.OPEN_DELEGATE_WRITE });
  t.notOk(delegation.gone);
  t.match(scene.server.ran('WRITE')[0]?.args.stateid.other.toString(), /^2deleg/);
});

const refusesOpens = (scene: Scene) => scene.server.answer('OPEN', st.NFS4ERR_NO_GRACE);
const givesNoMore = (scene: Scene) => {
  scene.server.delegation = null;
};
for (const [what, befalls] of [
  ['the reclaimed open comes without it', givesNoMore],
  ['the open is not given back', refusesOpens],
] as const)
  t.test(`I5: ${what}: nothing is written under it any more`, async (t) => {
    const { scene, file, delegation } = await holding();
    befalls(scene);
    scene.server.restart();
    t.match(await scene.settle(file.write(0, 'x', { under: delegation })), { status: 'DELEG_REVOKED' });
    t.ok(delegation.gone);
    t.equal(scene.server.ran('WRITE').length, 0);
  });

t.test('I5: revoked: the server is asked, and what is under way is not sent again', async (t) => {
  const { scene, file, delegation } = await holding();
  scene.server.answer('WRITE', st.NFS4ERR_DELEG_REVOKED);
  scene.server.revoked.add('deleg');
  t.match(await scene.settle(file.write(0, 'x', { under: delegation })), { status: 'DELEG_REVOKED' });
  t.ok(delegation.gone);
  t.equal(scene.server.ran('FREE_STATEID').length, 1);
  t.equal(scene.server.ran('WRITE').length, 1);
});

t.test('revoked before its return came: that is acknowledged', async (t) => {
  const { scene, file } = await holding();
  scene.server.answer('DELEGRETURN', st.NFS4ERR_EXPIRED);
  scene.server.revoked.add('deleg');
  t.match(await scene.settle(file.returnDelegation()), { status: 'EXPIRED' });
  t.equal(scene.server.ran('FREE_STATEID').length, 1);
  t.match(await scene.settle(file.returnDelegation()), { attempts: 0 }, 'there is none any more');
});

t.test('once its return was sent it is not relied on and not reclaimed', async (t) => {
  const { scene, file, delegation } = await holding();
  scene.server.lose('DELEGRETURN', 'before-run', () => scene.server.restart());
  await scene.settle(file.returnDelegation());
  t.ok(delegation.gone);
  const [, reclaim] = scene.server.ran('OPEN');
  t.match(reclaim?.args.claim, { claim: nfs.CLAIM_PREVIOUS, delegateType: nfs.OPEN_DELEGATE_NONE });
});

t.test('who waits for a lock says so with it', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  await scene.settle(file.lock({ start: 32, end: 64, retry: 'all', mode: 'read' }));
  t.strictSame(
    scene.server.ran('LOCK').map(({ args }) => args.lockType),
    [nfs.WRITE_LT, nfs.READW_LT],
  );
});

t.test('row 27: a server of another scope has not given it', async (t) => {
  const { scene, delegation } = await holding();
  scene.server.scope = 'other';
  scene.server.reboot();
  await scene.settle(scene.client.recovered());
  t.ok(delegation.gone);
});
