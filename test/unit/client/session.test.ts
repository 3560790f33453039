import t from 'tap';
import * as st from '../../../src/nfs4/status.ts';
import { Scene } from './fixtures/scene.ts';

const RANGE = { start: 0, end: 32 };

t.test(
  'row 6: RECLAIM_COMPLETE goes out in the first session, before anything else is asked for',
  async (t) => {
    const scene = new Scene();
    scene.client.start();
    const opening = scene.client.open('a');
    await scene.settle(opening);
    const asked = scene.server.received
      .map(({ name }) => name)
      .filter((name) => ['EXCHANGE_ID', 'CREATE_SESSION', 'RECLAIM_COMPLETE', 'OPEN'].includes(name));
    t.same(asked, ['EXCHANGE_ID', 'CREATE_SESSION', 'RECLAIM_COMPLETE', 'OPEN']);
    t.equal(scene.server.ran('RECLAIM_COMPLETE')[0]?.args.oneFs, false, 'for all filesystems');
    t.same(scene.news(), ['started', 'session', 'completing', 'reclaim-complete']);
  },
);

t.test(
  'a CREATE_SESSION whose answer was lost is repeated with its number, and makes one session',
  async (t) => {
    const scene = new Scene();
    scene.server.lose('CREATE_SESSION', 'before-run');
    scene.client.start();
    t.same(await scene.settle(scene.client.ready()), { status: 'OK' });
    t.same(
      scene.server.ran('CREATE_SESSION').map(({ args }) => args.sequence),
      [1],
    );
  },
);

t.test('a server that refuses the client is asked again, and the reason can be seen', async (t) => {
  const scene = new Scene();
  scene.server.answer('EXCHANGE_ID', st.NFS4ERR_CLID_INUSE, 3);
  scene.client.start();
  await scene.until(() => scene.client.refusal !== null);
  t.equal(scene.client.refusal, 'CLID_INUSE');
  t.same(await scene.settle(scene.client.ready()), { status: 'OK' });
  t.equal(scene.client.refusal, null);
});

t.test('exactly once: a LOCK whose answer was lost is sent again on its slot, and run once', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.lose('LOCK', 'after-run');
  t.match(await scene.settle(file.lock(RANGE)), { status: 'OK', attempts: 1 });
  t.equal(scene.server.ran('LOCK').length, 1);
  t.equal(scene.server.replays, 1, 'the second answer is the kept one');
  t.same(scene.ops('lock'), ['lock invoke', 'lock ok'], 'one operation in the history');
});

t.test('exactly once: a LOCK that never arrived is sent again and run once', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.lose('LOCK', 'before-run');
  t.match(await scene.settle(file.lock(RANGE)), { status: 'OK' });
  t.equal(scene.server.ran('LOCK').length, 1);
  t.same(scene.ops('lock'), ['lock invoke', 'lock ok']);
});

t.test('a repetition goes over a fresh connection, never over the one that did not answer', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  const before = scene.server.connections;
  scene.server.lose('LOCK', 'after-run');
  await scene.settle(file.lock(RANGE));
  t.equal(scene.server.connections, before + 1);
});

t.test('a request that a reset cut off is sent again at once', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.lose('LOCK', 'after-run', () => scene.server.resetConnections());
  const beforeMs = scene.clock.nowMs();
  t.match(await scene.settle(file.lock(RANGE)), { status: 'OK' });
  t.ok(scene.clock.nowMs() - beforeMs < 10, 'without waiting for any timeout');
});

t.test('a silent server is dialled again and again, and found when it is back', async (t) => {
  const scene = await Scene.begin();
  scene.server.powerCut();
  await scene.clock.advance(20_000);
  scene.server.powerOn();
  const backMs = scene.clock.nowMs();
  t.same(await scene.settle(scene.client.recovered()), { status: 'OK' });
  t.ok(scene.clock.nowMs() - backMs < 500, `found after ${scene.clock.nowMs() - backMs} ms`);
});

t.test('SEQUENCE answered DELAY: the same slot and number once more', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.answer('SEQUENCE', st.NFS4ERR_DELAY, 2);
  t.match(await scene.settle(file.lock(RANGE)), { status: 'OK' });
  const [first, second, third] = scene.server.ran('SEQUENCE').slice(-3);
  t.same([first?.status, second?.status, third?.status], [st.NFS4ERR_DELAY, st.NFS4ERR_DELAY, st.NFS4_OK]);
  t.equal(first?.args.sequenceId, third?.args.sequenceId);
  t.same(scene.ops('lock'), ['lock invoke', 'lock ok']);
});

t.test('no more requests are in flight than the server granted slots', async (t) => {
  const scene = new Scene();
  scene.server.slots = 2;
  scene.client.start();
  const file = await scene.settle(scene.client.open('a'));
  await scene.settle(Promise.all(Array.from({ length: 9 }, () => file.read(0, 4))));
  const slots = new Set(scene.server.ran('SEQUENCE').map(({ args }) => args.slotId));
  t.same([...slots].sort(), [0, 1]);
  t.equal(scene.server.ran('READ').length, 9);
});

t.test('a server that asks for fewer slots gets fewer', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.slots = 1;
  await scene.settle(file.read(0, 4));
  const before = scene.server.ran('SEQUENCE').length;
  await scene.settle(Promise.all(Array.from({ length: 5 }, () => file.read(0, 4))));
  const slots = scene.server.ran('SEQUENCE').slice(before);
  t.ok(slots.every(({ args }) => args.slotId === 0));
});

t.test('a slot that both sides number differently ends the session; a new one takes its place', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.answer('SEQUENCE', st.NFS4ERR_SEQ_MISORDERED);
  t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' });
  t.equal(scene.server.ran('CREATE_SESSION').length, 2);
  t.same(scene.ops('write'), ['write invoke', 'write fail SEQ_MISORDERED', 'write invoke', 'write ok']);
  t.same(file.held, [{ ...RANGE, mode: 'write' }], 'the state is where it was');
});

t.test('the lease: what the server tells in whole seconds, or less if the caller knows better', async (t) => {
  const told = new Scene();
  told.server.leaseSeconds = 3;
  told.client.start();
  await told.settle(told.client.ready());
  t.equal(told.client.timing.leaseMs, 3000);
  const known = new Scene({ leaseMs: 500 });
  known.server.leaseSeconds = 0;
  known.client.start();
  await known.settle(known.client.ready());
  t.equal(known.client.timing.leaseMs, 500);
});

t.test('an idle client renews every third of a lease, a busy one has no need to', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  const lone = () => scene.server.compounds;
  const idleFrom = lone();
  await scene.clock.advance(1000);
  t.equal(lone() - idleFrom, 3, 'idle for one lease');
  const reads = () => scene.server.ran('READ').length;
  const [busyFrom, readsFrom] = [lone(), reads()];
  for (let round = 0; round < 20; round += 1) {
    await scene.settle(file.read(0, 4));
    await scene.clock.advance(50);
  }
  t.equal(lone() - busyFrom, reads() - readsFrom, 'nothing but its reads');
});

t.test('a renewal is reported with the time of its sending, at most every sixth of a lease', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  const renewals = () => scene.events.filter((event) => event.kind === 'client' && event.event === 'renewed');
  const before = renewals().length;
  const fromMs = scene.clock.nowMs();
  for (let round = 0; round < 100; round += 1) {
    await scene.settle(file.read(0, 4));
    await scene.clock.advance(9);
  }
  const count = renewals().length - before;
  t.ok(count >= 4 && count <= 7, `${count} in ${scene.clock.nowMs() - fromMs} ms`);
  const sentMs = new Set(scene.server.ran('SEQUENCE').map(({ atMs }) => Math.round((atMs - 0.1) * 1e6)));
  for (const event of renewals()) {
    t.ok(event.kind === 'client' && sentMs.has(event.sentAt ?? -1), 'a moment at which something was sent');
  }
});

t.test('a lost connection is looked into at once, not at the next renewal', async (t) => {
  const scene = await Scene.begin();
  const beforeMs = scene.clock.nowMs();
  scene.server.restart();
  await scene.until(() => scene.server.ran('RECLAIM_COMPLETE').some(({ life }) => life === 2));
  t.ok(scene.clock.nowMs() - beforeMs < 100, `${scene.clock.nowMs() - beforeMs} ms`);
});

t.test('invoke is recorded before the bytes are handed over', async (t) => {
  const log: string[] = [];
  const scene: Scene = new Scene({
    observe: (event) => void (event.kind === 'op' && log.push(event.phase)),
    dial: () => async (events, timeoutMs) => {
      const channel = await scene.server.dial(events, timeoutMs);
      return (
        channel && {
          ...channel,
          send: (message) => {
            log.push('bytes');
            channel.send(message);
          },
        }
      );
    },
  });
  scene.client.start();
  await scene.settle(scene.client.ready());
  log.length = 0;
  await scene.settle(scene.client.open('a'));
  t.same(log, ['invoke', 'bytes', 'ok']);
});

t.test('stop: unlocks, closes, and takes leave of session and client id', async (t) => {
  const scene = await Scene.begin();
  await scene.lockedFile();
  t.same(await scene.settle(scene.client.stop()), { status: 'OK' });
  const last = scene.server.received
    .map(({ name }) => name)
    .filter((name) => !['SEQUENCE', 'PUTFH'].includes(name));
  t.same(last.slice(-4), ['LOCKU', 'CLOSE', 'DESTROY_SESSION', 'DESTROY_CLIENTID']);
  t.equal(scene.news().at(-1), 'stopped');
});

t.test('stop gives up on a dead server when the time is up', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.powerCut();
  const beforeMs = scene.clock.nowMs();
  t.same(await scene.settle(scene.client.stop({ timeoutMs: 700 })), { status: 'TIMEOUT' });
  t.ok(scene.clock.nowMs() - beforeMs < 1000);
  t.match(await scene.settle(file.lock(RANGE)), { status: 'TIMEOUT' });
});
