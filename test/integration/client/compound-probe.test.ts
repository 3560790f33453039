import t from 'tap';
import { systemClock } from '../../../src/cli/agents/surroundings.ts';
import { CompoundProbe, op } from '../../../src/client/compound-probe.ts';
import { getFh } from '../../../src/nfs4/operations/get-fh.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { NFS4_OK } from '../../../src/nfs4/status.ts';
import { NodeUnderTest } from '../../unit/server/fixtures/node-under-test.ts';

t.test('hand-built COMPOUNDs and their raw results', async (t) => {
  const node = new NodeUnderTest(t, { clock: systemClock, leaseMs: 60_000 });
  const { port } = await node.server.listen('127.0.0.1', 0);
  const where = { host: '127.0.0.1', port, clock: systemClock, random: Math.random };
  const probe = await CompoundProbe.connect(where);
  const session = await probe.session('alice');

  const handle = await session.compound(op(putRootFh, {}), op(getFh, {}));
  t.equal(handle.status, 'OK');
  const [, got] = handle.results;
  t.ok(got?.status === NFS4_OK && got.object.length > 0, 'results have the types of their operations');

  t.match(await session.compound(op(reclaimComplete, { oneFs: false })), { status: 'OK' });
  t.match(
    await session.again(op(reclaimComplete, { oneFs: false })),
    { status: 'OK' },
    'a repetition: the kept answer',
  );
  t.match(await session.compound(op(reclaimComplete, { oneFs: false })), { status: 'COMPLETE_ALREADY' });

  t.match(await probe.compound(session.sequence({ sequenceId: 77 })), { status: 'SEQ_MISORDERED' });
  t.match(await probe.compound(op(putRootFh, {})), { status: 'OP_NOT_IN_SESSION' });
  t.match(await probe.compoundOf(7, []), { status: 'MINOR_VERS_MISMATCH' });
  t.match(await probe.raw((w) => w.uint32(99)), { kind: 'rejected', why: 'garbage-arguments' });

  const second = await CompoundProbe.connect(where);
  session.use(second);
  t.match(await session.compound(op(putRootFh, {})), { status: 'OK' }, 'the session over another connection');
  probe.close();
  second.close();
});

t.test('nobody there: one sentence', async (t) => {
  const where = { host: '127.0.0.1', port: 1, clock: systemClock, random: Math.random, timeoutMs: 500 };
  await t.rejects(CompoundProbe.connect(where), {
    message: 'no connection to 127.0.0.1 port 1: it was refused, or nobody answered within 500 ms',
  });
});
