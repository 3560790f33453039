import t from 'tap';
import * as st from '../../../src/nfs4/status.ts';
import { Scene } from './fixtures/scene.ts';

const RANGE = { start: 0, end: 32 };

t.test('what is written is read, with the stateid of the lock while there is one', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  t.match(await scene.settle(file.write(8, 'hello')), { status: 'OK', count: 5 });
  t.equal((await scene.settle(file.read(8, 5))).data.toString(), 'hello');
  await scene.settle(file.unlock(RANGE));
  await scene.settle(file.read(8, 5));
  const kinds = scene.server.ran('READ').map(({ args }) => args.stateid.other.toString().replace(/\0/g, ''));
  t.same(kinds, ['1lock', '1open']);
});

t.test('a history gets the values that the caller names', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  const note = { value: (data: Buffer) => data.toString().toUpperCase() };
  await scene.settle(file.write(0, 'new', { note: { ...note, basedOn: 'old' } }));
  await scene.settle(file.read(0, 3, { note }));
  const [written, , readInvoke, read] = scene.events.filter(
    (event) => event.kind === 'op' && (event.op === 'write' || event.op === 'read'),
  );
  t.match(written, { phase: 'invoke', span: { start: 0, end: 3 }, value: 'NEW', basedOn: 'old' });
  t.equal(readInvoke?.kind === 'op' && readInvoke.value, undefined);
  t.match(read, { phase: 'ok', value: 'NEW' });
});

t.test('GRACE and DELAY put a WRITE off', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.answer('WRITE', st.NFS4ERR_DELAY, 2);
  t.match(await scene.settle(file.write(0, 'x')), { status: 'OK', attempts: 3 });
});

t.test('any other refusal is the result', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.answer('WRITE', st.NFS4ERR_NOSPC);
  t.match(await scene.settle(file.write(0, 'x')), { status: 'NOSPC', attempts: 1 });
  t.same(scene.ops('write'), ['write invoke', 'write fail NOSPC']);
});

t.test('writes are synchronous unless the caller says otherwise', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  await scene.settle(file.write(0, 'a'));
  await scene.settle(file.commit());
  await scene.settle(file.write(1, 'b', { sync: false }));
  await scene.settle(file.commit());
  t.same(
    scene.server.ran('WRITE').map(({ args }) => args.stable),
    [2, 0],
  );
  t.equal(scene.server.ran('COMMIT').length, 1, 'only where there is something to commit');
});

t.test('what a power cut took before its COMMIT is written again, in order', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  await scene.settle(file.write(0, 'lost and found', { sync: false }));
  await scene.settle(file.write(0, 'LOST'));
  scene.server.reboot();
  t.match(await scene.settle(file.commit()), { status: 'OK' });
  t.equal(scene.server.content.toString('utf8', 0, 14), 'LOST and found', 'the newer bytes are on top');
  t.match(await scene.settle(file.commit()), { status: 'OK', attempts: 0 }, 'nothing is left to do');
});

t.test('I5: what was lost is not written again under a lock that is lost too', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  await scene.settle(file.write(0, 'mine', { sync: false }));
  scene.server.reboot();
  scene.server.answer('LOCK', st.NFS4ERR_NO_GRACE);
  t.match(await scene.settle(file.commit()), { status: 'NO_GRACE' });
  t.equal(scene.server.ran('WRITE').length, 1);
});

t.test('a WRITE whose caller has gone is not repeated', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.lose('WRITE', 'before-run', () => scene.server.powerCut());
  t.match(await scene.settle(file.write(0, 'x', { timeoutMs: 100 })), { status: 'TIMEOUT' });
  scene.server.powerOn();
  await scene.settle(scene.client.recovered());
  await scene.clock.advance(1000);
  t.equal(scene.server.ran('WRITE').length, 0);
});

t.test(
  'a write that waits while its file is closed does not open it again: nobody would close that',
  async (t) => {
    const scene = await Scene.begin();
    const file = await scene.settle(scene.client.open('a'));
    scene.server.answer('WRITE', st.NFS4ERR_GRACE, 3);
    const writing = file.write(0, 'x');
    await scene.until(() => scene.server.ran('WRITE').length === 1);
    t.match(await scene.settle(file.close()), { status: 'OK' });
    t.match(await scene.settle(writing), { status: 'CLOSED' });
    t.equal(scene.server.ran('OPEN').length, 1);
  },
);
