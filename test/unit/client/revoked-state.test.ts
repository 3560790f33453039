import t from 'tap';
import { CompoundReply } from '../../../src/client/compound.ts';
import { FileState } from '../../../src/client/file-state.ts';
import { toSpan } from '../../../src/client/lock-belief.ts';
import { Observer } from '../../../src/client/observer.ts';
import type { Session } from '../../../src/client/session.ts';
import { reviewState } from '../../../src/client/state-review.ts';
import {
  SEQ4_STATUS_ADMIN_STATE_REVOKED,
  SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED,
  SEQ4_STATUS_LEASE_MOVED,
} from '../../../src/nfs4/constants.ts';
import { freeStateid } from '../../../src/nfs4/operations/free-stateid.ts';
import type { TestStateidResult } from '../../../src/nfs4/operations/test-stateid.ts';
import * as st from '../../../src/nfs4/status.ts';
import type { Stateid } from '../../../src/nfs4/types.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { Scene } from './fixtures/scene.ts';

const RANGE = { start: 0, end: 32 };

for (const flag of [SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED, SEQ4_STATUS_ADMIN_STATE_REVOKED]) {
  t.test(`row 22: SEQUENCE flag ${flag}: which state is gone is asked, said, and acknowledged`, async (t) => {
    const scene = await Scene.begin();
    const file = await scene.lockedFile();
    scene.server.revoked.add('lock');
    scene.server.statusFlags = flag;
    await scene.until(() => file.held.length === 0);
    t.same(file.lost, [{ ...RANGE, mode: 'write', status: 'EXPIRED' }]);
    await scene.until(() => scene.server.statusFlags === 0);
    t.equal(scene.server.ran('FREE_STATEID').length, 1);
    t.match(await scene.settle(file.write(0, 'x')), { status: 'EXPIRED', attempts: 0 });
    t.same(
      scene.news().filter((news) => news.startsWith('lock-lost')),
      ['lock-lost EXPIRED'],
    );
    t.match(await scene.settle(file.lock(RANGE)), { status: 'OK' }, 'it may be locked anew');
    const [last] = scene.server.ran('LOCK').slice(-1);
    t.equal(last?.args.locker.newLockOwner, true, 'without the stateid that is gone');
  });
}

t.test('an answer that says that state was revoked proves no lock to be held', async (t) => {
  const scene = await Scene.begin();
  await scene.lockedFile();
  const renewals = () => scene.events.filter((event) => event.kind === 'client' && event.event === 'renewed');
  await scene.clock.advance(1000);
  const before = renewals().length;
  t.ok(before > 0);
  scene.server.statusFlags = SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED;
  await scene.clock.advance(1000);
  t.equal(renewals().length, before);
  scene.server.statusFlags = 0;
  await scene.clock.advance(1000);
  t.ok(renewals().length > before);
});

t.test(
  'I5: an answer that waited in the slot grants no lock whose open was taken away meanwhile',
  async (t) => {
    const scene = await Scene.begin();
    const file = await scene.lockedFile();
    scene.server.lose('LOCK', 'after-run', () => {
      for (const kind of ['open', 'lock'] as const) scene.server.revoked.add(kind);
      scene.server.statusFlags = SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED;
    });
    for (let again = 0; again < 3; again += 1) scene.server.lose('LOCK', 'after-run');
    const locked = file.lock({ start: 32, end: 64 });
    await scene.until(() => file.lost.length > 0);
    t.same(scene.ops('lock').slice(-1), ['lock invoke']);
    scene.server.revoked.clear();
    t.match(await scene.settle(locked), { status: 'EXPIRED' });
    t.ok(scene.server.replays > 0);
    t.same(scene.ops('lock').slice(-1), ['lock ok'], 'that is what the server had answered');
    t.same(file.held, []);
    t.same(
      file.lost.map(({ start, end, status }) => [start, end, status]),
      [
        [0, 32, 'EXPIRED'],
        [32, 64, 'EXPIRED'],
      ],
    );
    t.match(await scene.settle(file.lock(RANGE)), { status: 'OK' }, 'it may be locked anew');
  },
);

t.test('a flag that stays up does not keep the client asking', async (t) => {
  const scene = await Scene.begin();
  await scene.lockedFile();
  scene.server.statusFlags = SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED;
  await scene.clock.advance(3000);
  const asked = scene.server.ran('TEST_STATEID').length;
  t.ok(asked >= 1 && asked <= 10, `${asked} times in three leases`);
});

t.test('SEQ4_STATUS_LEASE_MOVED can be seen', async (t) => {
  const scene = await Scene.begin();
  scene.server.statusFlags = SEQ4_STATUS_LEASE_MOVED;
  await scene.clock.advance(500);
  t.equal(scene.client.statusFlags, SEQ4_STATUS_LEASE_MOVED);
});

const DOUBTS: readonly st.Status[] = [st.NFS4ERR_BAD_STATEID, st.NFS4ERR_EXPIRED, st.NFS4ERR_ADMIN_REVOKED];
for (const doubt of DOUBTS) {
  const name = st.statusName(doubt);
  t.test(
    `I5: a WRITE answered ${name} under a lock that the server took away: the lock is lost`,
    async (t) => {
      const scene = await Scene.begin();
      const file = await scene.lockedFile();
      scene.server.answer('WRITE', doubt);
      scene.server.revoked.add('lock');
      t.match(await scene.settle(file.write(0, 'x')), { status: 'EXPIRED', attempts: 1 });
      t.same(file.held, []);
      t.same(
        scene.news().filter((news) => news.startsWith('lock-lost')),
        ['lock-lost EXPIRED'],
      );
    },
  );

  t.test(`a WRITE answered ${name} though the state is there: the answer, and nothing is lost`, async (t) => {
    const scene = await Scene.begin();
    const file = await scene.lockedFile();
    scene.server.answer('WRITE', doubt);
    t.match(await scene.settle(file.write(0, 'x')), { status: name, attempts: 1 });
    t.same(file.lost, []);
    t.equal(file.held.length, 1);
  });
}

t.test(
  'I5: a server that cannot test stateids leaves a doubt, and a doubtful lock is given up',
  async (t) => {
    const scene = await Scene.begin();
    const file = await scene.lockedFile();
    scene.server.answer('WRITE', st.NFS4ERR_BAD_STATEID);
    scene.server.answer('TEST_STATEID', st.NFS4ERR_NOTSUPP);
    t.match(await scene.settle(file.write(0, 'x')), { status: 'BAD_STATEID' });
    t.same(file.held, []);
  },
);

t.test(
  'a LOCK that finds its stateid gone: told if it held something, else repeated in silence',
  async (t) => {
    const scene = await Scene.begin();
    const file = await scene.lockedFile();
    await scene.settle(file.unlock(RANGE));
    scene.server.answer('LOCK', st.NFS4ERR_BAD_STATEID);
    scene.server.revoked.add('lock');
    t.match(await scene.settle(file.lock(RANGE)), { status: 'OK', attempts: 2 }, 'held nothing');
    scene.server.answer('LOCK', st.NFS4ERR_BAD_STATEID);
    scene.server.revoked.add('lock');
    t.match(
      await scene.settle(file.lock({ start: 64, end: 96 })),
      { status: 'BAD_STATEID' },
      'held something',
    );
    t.same(file.lost, [{ ...RANGE, mode: 'write', status: 'EXPIRED' }]);
  },
);

t.test('a lost open takes its locks along, and is opened anew', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.revoked.add('open');
  scene.server.answer('READ', st.NFS4ERR_EXPIRED);
  t.match(await scene.settle(file.read(64, 4)), { status: 'OK' }, 'outside of the lost lock');
  t.match(file.lost, [{ ...RANGE, status: 'EXPIRED' }]);
  t.equal(scene.server.ran('OPEN').length, 2);
});

t.test('an answer about a stateid that was replaced meanwhile takes nothing away', async (t) => {
  const file = new FileState(new VirtualClock(), 'p1', 'a');
  file.lockStateid = { seqid: 1, other: Buffer.alloc(12, 1) };
  file.locks.granted(toSpan(RANGE), 'write');
  const session = {
    async execute({ request }: { request(): ReturnType<Parameters<Session['execute']>[0]['request']> }) {
      const ops = request() ?? [];
      file.lockStateid = { seqid: 1, other: Buffer.alloc(12, 2) };
      const result: TestStateidResult = { status: st.NFS4_OK, statusCodes: [st.NFS4ERR_EXPIRED] };
      return { kind: 'reply', reply: new CompoundReply(st.NFS4_OK, ops, [result]) };
    },
  };
  await reviewState(session as unknown as Session, [file], new Observer('alice', 'n1', () => {}));
  t.equal(file.locks.held.length, 1);
});

t.test('row 22: a lock that is granted while its open is asked about is freed with it', async (t) => {
  const [opened, locked] = [1, 2].map((byte) => ({ seqid: 1, other: Buffer.alloc(12, byte) }));
  const file = new FileState(new VirtualClock(), 'p1', 'a');
  file.openStateid = opened!;
  const freed: Buffer[] = [];
  const session = {
    async execute({ request }: { request(): ReturnType<Parameters<Session['execute']>[0]['request']> }) {
      const ops = request() ?? [];
      for (const { op, args } of ops)
        if (op === freeStateid) freed.push((args as { stateid: Stateid }).stateid.other);
      // The answer to a LOCK of before arrives just now.
      file.lockStateid ??= locked!;
      const result: TestStateidResult = { status: st.NFS4_OK, statusCodes: [st.NFS4ERR_EXPIRED] };
      return { kind: 'reply', reply: new CompoundReply(st.NFS4_OK, ops, [result]) };
    },
  };
  await reviewState(session as unknown as Session, [file], new Observer('alice', 'n1', () => {}));
  t.same(freed, [opened!.other, locked!.other]);
});
