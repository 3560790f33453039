import t from 'tap';
import * as st from '../../../src/nfs4/status.ts';
import { Scene } from './fixtures/scene.ts';

const RANGE = { start: 0, end: 32 };

t.test('retry none: one attempt, whatever is in the way', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  for (const status of [st.NFS4ERR_GRACE, st.NFS4ERR_DELAY, st.NFS4ERR_DENIED] as const) {
    scene.server.answer('LOCK', status);
    t.match(await scene.settle(file.lock({ ...RANGE, retry: 'none' })), {
      status: st.statusName(status),
      attempts: 1,
    });
  }
  t.same(file.held, []);
});

t.test('retry grace: by the book, GRACE and DELAY pass and DENIED does not', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.answer('LOCK', st.NFS4ERR_GRACE, 3);
  scene.server.answer('LOCK', st.NFS4ERR_DELAY, 2);
  t.match(await scene.settle(file.lock(RANGE)), { status: 'OK', attempts: 6 });
  scene.server.answer('LOCK', st.NFS4ERR_DENIED);
  t.match(await scene.settle(file.lock(RANGE)), { status: 'DENIED', attempts: 1 });
  t.same(scene.ops('lock').slice(0, 4), ['lock invoke', 'lock fail GRACE', 'lock invoke', 'lock fail GRACE']);
});

t.test('retry all: DENIED passes too, if there is time; the last answer is the result', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.answer('LOCK', st.NFS4ERR_DENIED, 5);
  t.match(await scene.settle(file.lock({ ...RANGE, retry: 'all' })), { status: 'OK', attempts: 6 });
  scene.server.answer('LOCK', st.NFS4ERR_DENIED, 1000);
  const denied = await scene.settle(file.lock({ start: 64, end: 96, retry: 'all', timeoutMs: 500 }));
  t.match(denied, {
    status: 'DENIED',
    conflict: { owner: 'somebody', mode: 'write', span: { start: 0n, end: 32n } },
  });
  t.ok(denied.attempts > 5);
});

t.test('an OPEN in grace is retried by the same policy', async (t) => {
  const scene = await Scene.begin();
  scene.server.answer('OPEN', st.NFS4ERR_GRACE, 2);
  const refused = await scene.settle(scene.client.open('a', { retry: 'none' }));
  t.equal(refused.status, 'GRACE');
  const opened = await scene.settle(scene.client.open('a'));
  t.equal(opened.status, 'OK');
  t.equal(opened, refused, 'one owner, one path, one object');
});

t.test('opening creates or not, and widens the access of what is open', async (t) => {
  const scene = await Scene.begin();
  await scene.settle(scene.client.open('dir/a', { access: 'read', create: false }));
  await scene.settle(scene.client.open('dir/a', { access: 'read', create: false }));
  await scene.settle(scene.client.open('/dir//a', { access: 'write', create: true }));
  const opens = scene.server.ran('OPEN').map(({ args }) => [args.shareAccess & 3, args.openHow.openType]);
  t.same(opens, [
    [1, 0],
    [3, 1],
  ]);
  t.same(
    scene.server.ran('LOOKUP').map(({ args }) => args.objName),
    ['dir', 'dir'],
  );
});

t.test('the first LOCK names the open, later ones the lock stateid with its latest seqid', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  await scene.settle(file.lock({ start: 64, end: 96 }));
  await scene.settle(file.unlock({ start: 64, end: 96 }));
  await scene.settle(file.lock({ start: 64, end: 96 }));
  const lockers = scene.server.ran('LOCK').map(({ args }) => args.locker);
  t.same(
    lockers.map(({ newLockOwner }) => newLockOwner),
    [true, false, false],
  );
  t.same(
    lockers.slice(1).map(({ lockOwner }) => lockOwner.lockStateid.seqid),
    [1, 3],
  );
});

t.test('OLD_STATEID: asked again for whatever is the latest (RFC 8881 section 8.2.2)', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.answer('LOCKU', st.NFS4ERR_OLD_STATEID);
  t.match(await scene.settle(file.unlock(RANGE)), { status: 'OK', attempts: 2 });
  t.same(
    scene.server.ran('LOCKU').map(({ args }) => args.lockStateid.seqid),
    [1, 0],
  );
});

t.test('operations that change locks take turns, reads do not wait for them', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.answer('LOCK', st.NFS4ERR_GRACE, 5);
  const order: string[] = [];
  const locking = file.lock(RANGE).then(() => order.push('lock'));
  const unlocking = file.unlock(RANGE).then(() => order.push('unlock'));
  const reading = file.read(0, 4).then(() => order.push('read'));
  await scene.settle(Promise.all([locking, unlocking, reading]));
  t.same(order, ['read', 'lock', 'unlock']);
  t.same(file.held, []);
});

t.test('whoever waits for a turn waits no longer than his time', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.answer('LOCK', st.NFS4ERR_GRACE, 1000);
  const first = file.lock({ ...RANGE, timeoutMs: 5000 });
  t.match(await scene.settle(file.lock({ start: 64, end: 96, timeoutMs: 100 })), {
    status: 'TIMEOUT',
    attempts: 0,
  });
  await scene.settle(first);
  await scene.clock.advance(100);
  t.notOk(
    scene.server.ran('LOCK').some(({ args }) => args.offset === 64n),
    'and is not served after that',
  );
});

t.test('LOCKT asks and takes nothing', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  t.match(await scene.settle(file.test(RANGE)), { status: 'OK' });
  scene.server.answer('LOCKT', st.NFS4ERR_DENIED);
  t.match(await scene.settle(file.test(RANGE)), { status: 'DENIED', conflict: { owner: 'somebody' } });
  t.same(file.held, []);
  t.equal(scene.server.ran('LOCK').length, 0);
});

t.test('a range that is none is a mistake of the caller', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  t.throws(() => file.lock({ start: 5, end: 5 }), { name: 'RangeError', message: /not a byte range/ });
  t.throws(() => file.lock({ start: -1, end: null }), { name: 'RangeError' });
  t.throws(() => file.lock({ start: 0.5, end: 2 }), { name: 'RangeError' });
  t.throws(() => scene.client.file('../a'), { name: 'RangeError', message: /below the export's root/ });
});

t.test('remove', async (t) => {
  const scene = await Scene.begin();
  scene.server.answer('REMOVE', st.NFS4ERR_GRACE);
  t.match(await scene.settle(scene.client.remove('dir/a')), { status: 'OK', attempts: 2 });
  t.same(scene.ops(), ['remove invoke', 'remove fail GRACE', 'remove invoke', 'remove ok']);
});

t.test('nothing more is sent for a caller who has gone', async (t) => {
  const scene = await Scene.begin();
  scene.server.lose('OPEN', 'after-run');
  const locking = scene.client.file('a').lock({ ...RANGE, timeoutMs: 100 });
  t.match(await scene.settle(locking), { status: 'TIMEOUT' });
  await scene.clock.advance(1000);
  t.same(scene.ops(), ['open invoke', 'open ok'], 'the OPEN was followed to its end, no LOCK came after it');
});
