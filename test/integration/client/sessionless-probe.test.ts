import t from 'tap';
import { systemClock } from '../../../src/cli/agents/surroundings.ts';
import { CompoundProbe, op } from '../../../src/client/compound-probe.ts';
import { SessionlessProbe } from '../../../src/client/sessionless-probe.ts';
import { NO_ATTRIBUTES } from '../../../src/nfs4/attributes.ts';
import { CLAIM_NULL, OPEN4_CREATE, UNCHECKED4 } from '../../../src/nfs4/constants.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { open } from '../../../src/nfs4/operations/open.ts';
import { openConfirm } from '../../../src/nfs4/operations/open-confirm.ts';
import { putFh } from '../../../src/nfs4/operations/put-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { renew } from '../../../src/nfs4/operations/renew.ts';
import { NFS4_OK } from '../../../src/nfs4/status.ts';
import { NodeUnderTest } from '../../unit/server/fixtures/node-under-test.ts';

t.test('hand-built COMPOUNDs of version 4.0, with seqids that are counted', async (t) => {
  const node = new NodeUnderTest(t, { clock: systemClock, leaseMs: 60_000 });
  const { port } = await node.server.listen('127.0.0.1', 0);
  const where = { host: '127.0.0.1', port, clock: systemClock, random: Math.random };
  const probe = await CompoundProbe.connect(where);
  const alice = await SessionlessProbe.start(probe, 'alice');
  t.match(await alice.compound(op(renew, { clientId: alice.clientId })), { status: 'OK' });
  t.equal(await alice.confirm(), 'OK', 'once more');
  t.equal(await alice.confirm(0n), 'STALE_CLIENTID');

  const owner = { clientId: alice.clientId, owner: Buffer.from('app') };
  const opening = (seqid: number, file: string) =>
    op(open, {
      seqid,
      shareAccess: 3,
      shareDeny: 0,
      owner,
      openHow: { openType: OPEN4_CREATE, how: { mode: UNCHECKED4, createAttrs: NO_ATTRIBUTES } },
      claim: { claim: CLAIM_NULL, file },
    });
  t.match(await alice.inSequence('app', (seqid) => [op(putRootFh, {}), opening(seqid, '')]), {
    status: 'INVAL',
  });
  const { results } = await alice.inSequence('app', (seqid) => [
    op(putRootFh, {}),
    opening(seqid, 'f'),
    op(getFh, {}),
  ]);
  const [, opened, handle] = results;
  if (opened?.status !== NFS4_OK || handle?.status !== NFS4_OK) throw new Error('not opened');
  const second = await CompoundProbe.connect(where);
  alice.use(second);
  const confirmed = await alice.inSequence('app', (seqid) => [
    op(putFh, { object: handle.object }),
    op(openConfirm, { openStateid: opened.stateid, seqid }),
  ]);
  t.equal(confirmed.status, 'OK', 'over another connection');
  t.equal(alice.seqid('app'), 3);
  probe.close();
  second.close();
});

t.test('who may not introduce itself is told so in one sentence', async (t) => {
  const node = new NodeUnderTest(t, { clock: systemClock, leaseMs: 60_000, limits: { clients: 1 } });
  const { port } = await node.server.listen('127.0.0.1', 0);
  const probe = await CompoundProbe.connect({
    host: '127.0.0.1',
    port,
    clock: systemClock,
    random: Math.random,
  });
  await SessionlessProbe.start(probe, 'alice');
  await t.rejects(SessionlessProbe.start(probe, 'bob'), { message: 'SETCLIENTID was answered DELAY' });
  probe.close();
});
