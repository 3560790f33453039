/** What becomes of requests that are on their way while the filesystem that they are about moves. */
import t from 'tap';
import * as st from '../../../src/nfs4/status.ts';
import { asked, ClusterScene } from './fixtures/cluster-scene.ts';

const RANGE = { start: 0, end: 32 };
const HELD = [{ ...RANGE, mode: 'write' as const }];
const LETTERS = 'home/letters';
const ACCOUNTS = 'work/accounts';

t.test('MOVED says that it was not done: whatever it was is done once, at the new server', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS]);
  const [file] = files;
  scene.move('home', 'n1', 'n2');
  t.match(await scene.settle(scene.client.remove('home/old')), { status: 'OK', attempts: 1 });
  t.same(
    [n1, n2].map((server) => asked(server.received).filter((name) => name === 'REMOVE').length),
    [0, 1],
  );
  scene.move('home', 'n2', 'n1');
  t.match(await scene.settle(file!.unlock({ start: 0, end: 16 })), { status: 'OK' });
  t.same(file!.held, [{ start: 16, end: 32, mode: 'write' }]);
  t.match(
    n1.ran('LOCK').at(-1)?.args,
    { reclaim: true, offset: 0n, length: 32n },
    'not let go of before it was reclaimed',
  );
  t.same(asked(n1.received).slice(-1), ['LOCKU']);
  scene.move('home', 'n1', 'n2');
  t.match(await scene.settle(file!.close()), { status: 'OK' });
  t.same(asked(n2.received).slice(-2), ['LOCKU', 'CLOSE']);
});

t.test('what was not committed is written again: the new server has not heard of it', async (t) => {
  const { scene, files, n2 } = await ClusterScene.begin({}, [LETTERS]);
  await scene.settle(files[0]!.write(0, 'hello', { sync: false }));
  scene.move('home', 'n1', 'n2');
  t.match(await scene.settle(files[0]!.commit()), { status: 'OK' });
  t.equal(n2.content.toString('utf8', 0, 5), 'hello');
});

t.test('new locks and opens go to the new server', async (t) => {
  const { scene, files, n2 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  const [locked, other] = await scene.settle(
    Promise.all([files[0]!.lock({ start: 64, end: 96 }), scene.client.open('home/other')]),
  );
  t.match(locked, { status: 'OK' });
  t.equal(other!.status, 'OK');
  t.same(asked(n2.received).slice(-2).sort(), ['LOCK', 'OPEN']);
  t.equal(n2.ran('LOCK').at(-1)?.args.locker.newLockOwner, false, 'with the stateid of the reclaimed lock');
});

t.test(
  'I5: a LOCK whose answer is on its way while all is reclaimed elsewhere is not believed',
  async (t) => {
    const { scene, files, n1, n2 } = await ClusterScene.begin({ opTimeoutMs: 60_000 }, [LETTERS, ACCOUNTS]);
    const [file] = files;
    // Granted; the answer is lost with the connection, and the server with it, but not before it has said MOVED to another request.
    n1.lose('LOCK', 'after-run');
    const locking = file!.lock({ start: 64, end: 96 });
    await scene.until(() => n1.ran('LOCK').length === 3);
    scene.move('home', 'n1', 'n2');
    const removing = scene.client.remove('home/old');
    await scene.until(() => n1.ran('GETATTR').length > 1);
    await scene.clock.advance(1);
    n1.powerCut();
    t.match(await scene.settle(removing), { status: 'OK' });
    t.match(await scene.settle(locking), { status: 'OK' });
    t.same(scene.ops('lock').slice(-6), [
      'n1 lock invoke',
      'n1 lock info TIMEOUT',
      'n2 reclaim lock invoke',
      'n2 reclaim lock ok',
      'n2 lock invoke',
      'n2 lock ok',
    ]);
    t.equal(file!.held.length, 2);
    t.equal(
      n2.ran('LOCK').filter(({ args }) => args.offset === 64n).length,
      1,
      'asked for anew, not claimed',
    );
    await scene.settle(file!.unlock({ start: 64, end: 96 }));
    const told = scene.ops('lock').length;
    n1.restore();
    await scene.until(() => n1.replays > 0);
    await scene.clock.advance(1);
    t.same(file!.held, HELD, 'the answer that comes in the end means nothing');
    t.equal(scene.ops('lock').length, told);
  },
);

t.test('the same, and its caller has gone: nothing of it is at the new server', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({ opTimeoutMs: 60_000 }, [LETTERS]);
  n1.lose('LOCK', 'after-run');
  const locking = files[0]!.lock({ start: 64, end: 96, timeoutMs: 50 });
  await scene.until(() => n1.ran('LOCK').length === 2);
  scene.move('home', 'n1', 'n2');
  const removing = scene.client.remove('home/old');
  await scene.until(() => n1.ran('GETATTR').length > 1);
  await scene.clock.advance(1);
  n1.powerCut();
  t.match(await scene.settle(locking), { status: 'TIMEOUT' });
  t.match(await scene.settle(removing), { status: 'OK' });
  await scene.clock.advance(1000);
  t.equal(n2.ran('LOCK').length, 1, 'the one that is reclaimed');
  t.equal(n2.ran('LOCKU').length, 0);
});

t.test('what waits for its turn at the old server is not sent there any more', async (t) => {
  const { scene, files, n2 } = await ClusterScene.begin({ slots: 1 }, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  const writing = [0, 1, 2].map((offset) => files[0]!.write(offset, 'x'));
  for (const written of await scene.settle(Promise.all(writing))) t.match(written, { status: 'OK' });
  t.same(
    scene.ops('write').filter((op) => op.startsWith('n1')),
    ['n1 write invoke', 'n1 write fail MOVED'],
  );
  t.equal(n2.ran('WRITE').length, 3);
});

t.test('what is answered soon is waited for: its outcome is known', async (t) => {
  const { scene, files, n1 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  scene.move('home', 'n1', 'n2');
  const all = [
    files[0]!.write(0, 'x'),
    files[0]!.write(8, 'y'),
    files[0]!.read(0, 1),
    files[1]!.write(0, 'z'),
  ];
  for (const done of await scene.settle(Promise.all(all))) t.match(done, { status: 'OK' });
  t.notOk(scene.ops('write').some((op) => op.includes('TIMEOUT')));
  t.equal(n1.ran('WRITE').filter(({ status }) => status === st.NFS4_OK).length, 1);
});

t.test(
  'left behind at a server, a request ends there before the filesystem is used there again',
  async (t) => {
    const { scene, files, n1, n2 } = await ClusterScene.begin({ opTimeoutMs: 60_000 }, [LETTERS, ACCOUNTS]);
    n1.lose('OPEN', 'before-run');
    const opening = scene.client.open('home/new', { deny: 'both' });
    await scene.clock.advance(1);
    scene.move('home', 'n1', 'n2');
    const removing = scene.client.remove('home/old');
    await scene.until(() => n1.ran('GETATTR').length > 1);
    await scene.clock.advance(1);
    n1.powerCut();
    t.match(await scene.settle(removing), { status: 'OK' });
    t.equal((await scene.settle(opening)).status, 'OK');
    // Back, with all that it knew: only the network was away.
    scene.move('home', 'n2', 'n1');
    const writing = files[0]!.write(0, 'x');
    await scene.clock.advance(3000);
    n1.restore();
    n1.lose('OPEN', 'before-run');
    n1.answer('OPEN', st.NFS4ERR_GRACE);
    t.match(await scene.settle(writing), { status: 'OK' });
    const order = n1.received.filter(({ name }) => name === 'OPEN' || name === 'RECLAIM_COMPLETE').slice(-4);
    t.same(
      order.map(({ name, args }) => (name === 'OPEN' ? (args.claim.file?.toString() ?? 'reclaimed') : name)),
      ['new', 'reclaimed', 'reclaimed', 'RECLAIM_COMPLETE'],
    );
    t.same(files[0]!.held, HELD);
    t.same(n2.ran('OPEN').filter(({ args }) => args.claim.file !== undefined).length, 1);
  },
);

t.test(
  'its caller has gone when it is answered MOVED: the lock is not asked for at the new server',
  async (t) => {
    const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS]);
    n1.lose('LOCK', 'before-run');
    const locking = files[0]!.lock({ start: 64, end: 96, timeoutMs: 50 });
    await scene.clock.advance(1);
    scene.move('home', 'n1', 'n2');
    t.match(await scene.settle(locking), { status: 'TIMEOUT' });
    await scene.settle(scene.client.recovered());
    await scene.clock.advance(1000);
    t.same(files[0]!.held, HELD);
    t.equal(n2.ran('LOCK').length, 1, 'the one that is reclaimed');
  },
);
