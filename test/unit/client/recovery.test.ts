import t from 'tap';
import { READ_LT, WRITE_LT } from '../../../src/nfs4/constants.ts';
import * as st from '../../../src/nfs4/status.ts';
import { Scene } from './fixtures/scene.ts';
import type { Received } from './fixtures/scripted-server.ts';

const RANGE = { start: 0, end: 32 };
const HELD = [{ ...RANGE, mode: 'write' }];

/** What a life of the server was asked, in the order it was asked, without the wrapping. */
function asked(received: readonly Received[], life: number): string[] {
  const wrapping = ['SEQUENCE', 'PUTFH', 'PUTROOTFH', 'GETATTR', 'GETFH', 'LOOKUP'];
  return received
    .filter((one) => one.life === life && !wrapping.includes(one.name))
    .map(({ name, args }) => (name === 'LOCK' && args.reclaim ? 'reclaim LOCK' : name));
}

t.test('by the book: opens and locks are reclaimed, then RECLAIM_COMPLETE, then new work', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  await scene.settle(file.lock({ start: 100, end: null, mode: 'read' }));
  scene.server.reboot();
  t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' });
  t.same(asked(scene.server.received, 2), [
    'CREATE_SESSION',
    'EXCHANGE_ID',
    'CREATE_SESSION',
    'OPEN',
    'reclaim LOCK',
    'reclaim LOCK',
    'RECLAIM_COMPLETE',
    'WRITE',
  ]);
  const [open] = scene.server.ran('OPEN').filter(({ life }) => life === 2);
  t.match(open?.args, { claim: { claim: 1 }, openHow: { openType: 0 } }, 'CLAIM_PREVIOUS, creating nothing');
  t.match(
    scene.server
      .ran('LOCK')
      .filter(({ life }) => life === 2)
      .map(({ args }) => [args.offset, args.length, args.lockType]),
    [
      [0n, 32n, 2],
      [100n, 0xffff_ffff_ffff_ffffn, 1],
    ],
  );
  t.same(file.held, [...HELD, { start: 100, end: null, mode: 'read' }]);
  t.same(scene.news(), [
    'started',
    'session',
    'completing',
    'reclaim-complete',
    'disconnected',
    'recovery-begin',
    'session',
    'completing',
    'reclaim-complete',
    'recovery-end',
  ]);
});

t.test('who waits in vain to be recovered asks no more when the time is up', async (t) => {
  const scene = await Scene.begin();
  scene.server.powerCut();
  await scene.until(() => scene.news().includes('disconnected'));
  t.equal(scene.client.session, true, 'nobody has said that the session is gone');
  const nowMs = scene.clock.nowMs.bind(scene.clock);
  let looks = 0;
  scene.clock.nowMs = () => {
    looks += 1;
    if (looks > 10_000) throw new Error('time would never go on');
    return nowMs();
  };
  t.same(await scene.settle(scene.client.recovered({ timeoutMs: 50 })), { status: 'TIMEOUT' });
  await scene.clock.advance(50);
  t.ok(looks < 10_000, 'it goes on in turns');
});

t.test('the stateids of a life end with it', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.reboot();
  await scene.settle(file.write(0, 'x'));
  await scene.settle(file.unlock(RANGE));
  for (const { name, args } of scene.server.received.filter(({ life }) => life === 2)) {
    const stateid = args.stateid ?? args.lockStateid ?? args.locker?.openOwner?.openStateid;
    if (stateid !== undefined)
      t.match(stateid.other.toString(), /^2/, `${name} with a stateid of the second life`);
  }
});

t.test('GRACE and DELAY put a reclaim off, and nothing else', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.reboot();
  scene.server.answer('OPEN', st.NFS4ERR_DELAY, 2);
  scene.server.answer('LOCK', st.NFS4ERR_GRACE, 2);
  scene.server.answer('RECLAIM_COMPLETE', st.NFS4ERR_DELAY, 2);
  t.same(await scene.settle(scene.client.recovered()), { status: 'OK' });
  t.same(file.held, HELD);
  t.same(
    scene.ops().slice(-10),
    [
      'reclaim open invoke',
      'reclaim open fail DELAY',
      'reclaim open invoke',
      'reclaim open fail DELAY',
      'reclaim open invoke',
      'reclaim open ok',
      'reclaim lock invoke',
      'reclaim lock fail GRACE',
      'reclaim lock invoke',
      'reclaim lock fail GRACE',
      'reclaim lock invoke',
      'reclaim lock ok',
    ].slice(-10),
  );
  t.equal(scene.server.ran('RECLAIM_COMPLETE').filter(({ life }) => life === 2).length, 3);
});

t.test('COMPLETE_ALREADY is as good as OK', async (t) => {
  const scene = await Scene.begin();
  scene.server.reboot();
  scene.server.answer('RECLAIM_COMPLETE', st.NFS4ERR_COMPLETE_ALREADY);
  t.same(await scene.settle(scene.client.recovered()), { status: 'OK' });
  t.equal(scene.server.ran('RECLAIM_COMPLETE').filter(({ life }) => life === 2).length, 1);
});

const REFUSALS: readonly st.Status[] = [
  st.NFS4ERR_NO_GRACE,
  st.NFS4ERR_RECLAIM_BAD,
  st.NFS4ERR_RECLAIM_CONFLICT,
  st.NFS4ERR_STALE,
];
for (const status of REFUSALS) {
  const name = st.statusName(status);
  t.test(
    `I5: a lock whose reclaim is answered ${name} is lost, said to be lost, and not used any more`,
    async (t) => {
      const scene = await Scene.begin();
      const file = await scene.lockedFile();
      await scene.settle(file.lock({ start: 64, end: 96 }));
      scene.server.reboot();
      scene.server.answer('LOCK', status);
      await scene.settle(scene.client.recovered());
      t.same(file.held, [{ start: 64, end: 96, mode: 'write' }], 'the other one was granted');
      t.same(file.lost, [{ ...RANGE, mode: 'write', status: name }]);
      t.match(
        scene.events.find((event) => event.kind === 'client' && event.event === 'lock-lost'),
        { owner: 'p1', file: 'ledger.db', span: RANGE, mode: 'write', status: name },
      );
      t.match(await scene.settle(file.write(0, 'x')), { status: name, attempts: 0 });
      t.match(await scene.settle(file.read(31, 1)), { status: name, attempts: 0 });
      t.equal(scene.server.ran('WRITE').length, 0, 'nothing was sent');
      t.match(await scene.settle(file.write(64, 'x')), { status: 'OK' }, 'elsewhere it goes on');
      await scene.settle(file.unlock(RANGE));
      t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' }, 'until the owner let go of it');
    },
  );
}

t.test('I5: with an open all its locks are lost; the next use opens anew', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  await scene.settle(file.lock({ start: 64, end: 96 }));
  scene.server.reboot();
  scene.server.answer('OPEN', st.NFS4ERR_NO_GRACE);
  await scene.settle(scene.client.recovered());
  t.same(file.held, []);
  t.same(
    file.lost.map(({ start, status }) => [start, status]),
    [
      [0, 'NO_GRACE'],
      [64, 'NO_GRACE'],
    ],
  );
  t.equal(scene.server.ran('LOCK').filter(({ life }) => life === 2).length, 0, 'nothing to hang a lock on');
  t.match(await scene.settle(file.lock(RANGE)), { status: 'OK' });
  t.same(file.held, HELD);
  t.same(
    file.lost.map(({ start }) => start),
    [64],
  );
});

t.test('other files and owners are reclaimed, whatever becomes of one', async (t) => {
  const scene = await Scene.begin();
  const files = [];
  for (let index = 0; index < 20; index += 1)
    files.push(await scene.lockedFile(`f${index % 5}`, `p${index}`));
  scene.server.reboot();
  scene.server.script('LOCK', () => st.NFS4ERR_RECLAIM_CONFLICT);
  await scene.settle(scene.client.recovered());
  t.equal(files.filter((file) => file.held.length === 1).length, 19);
  t.equal(scene.client.held.length, 19);
  t.equal(scene.client.lost.length, 1);
});

t.test('more files than slots: each is reclaimed before RECLAIM_COMPLETE', async (t) => {
  const scene = await Scene.begin();
  for (let index = 0; index < 12; index += 1) await scene.lockedFile(`f${index}`);
  scene.server.slots = 1;
  scene.server.reboot();
  await scene.settle(scene.client.recovered());
  const order = asked(scene.server.received, 2);
  t.equal(order.filter((name) => name === 'reclaim LOCK').length, 12);
  t.equal(order.at(-1), 'RECLAIM_COMPLETE');
});

for (const where of [
  'OPEN',
  'LOCK',
  'RECLAIM_COMPLETE',
  'EXCHANGE_ID',
  'CREATE_SESSION',
  'GETATTR',
] as const) {
  for (const loss of ['before-run', 'after-run'] as const) {
    t.test(`a second reboot at ${where} (${loss}) starts recovery over, and nothing is lost`, async (t) => {
      const scene = await Scene.begin();
      const file = await scene.lockedFile();
      scene.server.reboot();
      scene.server.lose(where, loss, () => scene.server.reboot());
      t.same(await scene.settle(scene.client.recovered()), { status: 'OK' });
      const third = asked(scene.server.received, 3);
      t.same(third.slice(-3), ['OPEN', 'reclaim LOCK', 'RECLAIM_COMPLETE']);
      t.same(file.held, HELD);
      t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' });
      t.equal(scene.news().filter((news) => news === 'recovery-begin').length, 1);
      t.equal(scene.news().filter((news) => news === 'recovery-end').length, 1);
    });
  }
}

t.test('a lock that was lost in the first recovery is not claimed in the second', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.reboot();
  scene.server.answer('LOCK', st.NFS4ERR_NO_GRACE);
  scene.server.lose('RECLAIM_COMPLETE', 'before-run', () => scene.server.reboot());
  await scene.settle(scene.client.recovered());
  t.notOk(asked(scene.server.received, 3).includes('reclaim LOCK'));
  t.same(file.held, []);
  t.equal(scene.news().filter((news) => news === 'lock-lost NO_GRACE').length, 1);
});

t.test('new work waits while recovery runs, at most for its time', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.reboot();
  scene.server.answer('RECLAIM_COMPLETE', st.NFS4ERR_DELAY, 30);
  await scene.until(() => scene.client.recovering);
  const short = file.lock({ start: 64, end: 96, timeoutMs: 100 });
  const long = file.write(0, 'x');
  t.same(await scene.settle(short), { status: 'TIMEOUT', attempts: 0 });
  t.equal(scene.server.ran('WRITE').length, 0);
  t.ok(scene.client.recovering);
  t.match(await scene.settle(long), { status: 'OK' });
  t.equal(
    scene.server.ran('LOCK').filter(({ args }) => args.offset === 64n).length,
    0,
    'the short one never was sent',
  );
});

t.test(
  'a LOCK whose answer died with the server is not believed and not reclaimed, but asked for again',
  async (t) => {
    const scene = await Scene.begin();
    const file = await scene.settle(scene.client.open('ledger.db', { owner: 'p1' }));
    scene.server.lose('LOCK', 'after-run', () => scene.server.reboot());
    t.match(await scene.settle(file.lock(RANGE)), { status: 'OK' });
    t.same(scene.ops('lock'), ['lock invoke', 'lock info TIMEOUT', 'lock invoke', 'lock ok']);
    t.same(asked(scene.server.received, 2).slice(-3), ['OPEN', 'RECLAIM_COMPLETE', 'LOCK']);
  },
);

t.test('a LOCK whose answer and whose caller are gone leaves nothing behind', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('ledger.db', { owner: 'p1' }));
  scene.server.lose('LOCK', 'after-run', () => scene.server.powerCut());
  t.match(await scene.settle(file.lock({ ...RANGE, timeoutMs: 50 })), { status: 'TIMEOUT' });
  scene.server.powerOn();
  await scene.settle(scene.client.recovered());
  t.same(file.held, []);
  t.same(scene.ops('lock'), ['lock invoke', 'lock info TIMEOUT']);
  t.notOk(asked(scene.server.received, 2).some((name) => name.includes('LOCK')));
});

t.test('a LOCK that is granted after its caller has gone is given back', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.lose('LOCK', 'after-run');
  t.match(await scene.settle(file.lock({ start: 16, end: 64, timeoutMs: 50 })), { status: 'TIMEOUT' });
  await scene.until(() => scene.server.ran('LOCKU').length > 0);
  await scene.clock.advance(10);
  t.same(file.held, HELD, 'what was held before is held');
  t.match(
    scene.server.ran('LOCKU').map(({ args }) => [args.offset, args.length]),
    [[32n, 32n]],
  );
  t.same(
    scene.ops().slice(-4),
    ['lock invoke', 'lock ok', 'unlock invoke', 'unlock ok'],
    'all in the history',
  );
});

t.test(
  'the session dies under a LOCK, the state does not: the lock that nobody believes in is given back',
  async (t) => {
    const scene = await Scene.begin();
    const file = await scene.settle(scene.client.open('ledger.db', { owner: 'p1' }));
    scene.server.lose('LOCK', 'after-run', () => scene.server.dropSessions());
    t.match(await scene.settle(file.lock({ ...RANGE, timeoutMs: 50 })), { status: 'TIMEOUT' });
    await scene.until(() => scene.server.ran('LOCKU').length > 0);
    await scene.clock.advance(10);
    t.same(file.held, []);
    t.same(scene.ops().slice(2), [
      'lock invoke',
      'lock info TIMEOUT',
      'lock invoke',
      'lock ok',
      'unlock invoke',
      'unlock ok',
    ]);
  },
);

t.test('an UNLOCK whose answer died with the server: not relied on, not reclaimed', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.lose('LOCKU', 'before-run', () => scene.server.reboot());
  t.match(await scene.settle(file.unlock({ start: 0, end: 16 })), { status: 'OK' });
  t.same(file.held, [{ start: 16, end: 32, mode: 'write' }]);
  const reclaimed = scene.server.ran('LOCK').filter(({ life }) => life === 2);
  t.match(
    reclaimed.map(({ args }) => [args.offset, args.length]),
    [[16n, 16n]],
    'only the rest',
  );
  t.same(scene.ops('unlock').slice(0, 2), ['unlock invoke', 'unlock info TIMEOUT']);
});

t.test('a downgrade of unknown outcome: no more than a read lock is relied on, and reclaimed', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.lose('LOCK', 'after-run', () => scene.server.reboot());
  t.match(await scene.settle(file.lock({ start: 0, end: 16, mode: 'read' })), { status: 'OK' });
  const reclaimed = scene.server.ran('LOCK').filter(({ life, args }) => life === 2 && args.reclaim);
  t.match(
    reclaimed.map(({ args }) => [args.lockType, args.offset, args.length]),
    [
      [READ_LT, 0n, 16n],
      [WRITE_LT, 16n, 16n],
    ],
    'others may have been given what it let go',
  );
});

t.test('a downgrade that certainly was not run leaves the write lock held, until it is', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.answer('LOCK', st.NFS4ERR_DELAY, 3);
  const locking = file.lock({ ...RANGE, mode: 'read' });
  await scene.until(() => scene.ops('lock').includes('lock fail DELAY'));
  t.same(file.held, HELD);
  t.match(await scene.settle(locking), { status: 'OK', attempts: 4 });
  t.same(file.held, [{ ...RANGE, mode: 'read' }]);
});

t.test('an UNLOCK that certainly was not run leaves the lock held, until it is', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.answer('LOCKU', st.NFS4ERR_DELAY, 3);
  const unlocking = file.unlock(RANGE);
  await scene.until(() => scene.ops('unlock').includes('unlock fail DELAY'));
  t.same(file.held, HELD);
  t.match(await scene.settle(unlocking), { status: 'OK', attempts: 4 });
  t.same(file.held, []);
});

t.test('a WRITE whose answer died with the server is repeated under the reclaimed lock', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.lose('WRITE', 'before-run', () => scene.server.reboot());
  const note = { value: (data: Buffer) => data.toString(), basedOn: 'old' };
  t.match(await scene.settle(file.write(0, 'new', { note })), { status: 'OK' });
  t.same(scene.ops('write'), ['write invoke', 'write info TIMEOUT', 'write invoke', 'write ok']);
  t.same(asked(scene.server.received, 2).slice(-4), ['OPEN', 'reclaim LOCK', 'RECLAIM_COMPLETE', 'WRITE']);
  t.equal(scene.server.content.toString('utf8', 0, 3), 'new');
  for (const event of scene.events) {
    if (event.kind === 'op' && event.op === 'write') t.match(event, { value: 'new', basedOn: 'old' });
  }
});

t.test('I5, D18: a WRITE whose lock was lost meanwhile is not repeated', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.lose('WRITE', 'before-run', () => scene.server.reboot());
  scene.server.answer('LOCK', st.NFS4ERR_NO_GRACE);
  t.match(await scene.settle(file.write(0, 'new')), { status: 'NO_GRACE' });
  t.equal(scene.server.ran('WRITE').length, 0);
  t.same(scene.ops('write'), ['write invoke', 'write info TIMEOUT']);
});

t.test('a request that was sent once and answered BADSESSION certainly was not run', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.dropSessions();
  t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' });
  t.same(scene.ops('write'), ['write invoke', 'write fail BADSESSION', 'write invoke', 'write ok']);
});

t.test('a lost session alone: nothing to reclaim, no second RECLAIM_COMPLETE', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.dropSessions();
  t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' });
  t.same(asked(scene.server.received, 1).slice(-2), ['CREATE_SESSION', 'WRITE']);
  t.equal(scene.server.ran('RECLAIM_COMPLETE').length, 1);
  t.same(file.held, HELD);
});

t.test('a client that has to introduce itself again, and is known, has lost nothing', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.dropSessions();
  scene.server.answer('CREATE_SESSION', st.NFS4ERR_SEQ_MISORDERED);
  t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' });
  t.same(asked(scene.server.received, 1).slice(-4), [
    'CREATE_SESSION',
    'EXCHANGE_ID',
    'CREATE_SESSION',
    'WRITE',
  ]);
});

t.test('a new session begins when the last request of the old one has come to its end', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.lose('WRITE', 'before-run');
  const writing = file.write(0, 'x');
  await scene.clock.advance(1);
  scene.server.answer('SEQUENCE', st.NFS4ERR_SEQ_MISORDERED);
  await scene.settle(Promise.all([file.read(0, 1), writing]));
  const order = scene.events.flatMap((event) => {
    if (event.kind === 'op') return event.phase === 'info' ? ['unknown'] : [];
    return event.event === 'session' ? ['session'] : [];
  });
  t.same(order, ['session', 'unknown', 'session']);
});

t.test(
  'an UNLOCK goes on when its caller has gone: the server must not keep what nobody believes in',
  async (t) => {
    const scene = await Scene.begin();
    const file = await scene.lockedFile();
    scene.server.lose('LOCKU', 'before-run', () => scene.server.dropSessions());
    t.match(await scene.settle(file.unlock({ ...RANGE, timeoutMs: 50 })), { status: 'TIMEOUT' });
    await scene.clock.advance(1000);
    t.equal(scene.server.ran('LOCKU').length, 1);
    t.same(file.held, []);
  },
);

t.test('a CLOSE goes on when its caller has gone', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.lose('CLOSE', 'before-run', () => scene.server.dropSessions());
  t.match(await scene.settle(file.close({ timeoutMs: 50 })), { status: 'TIMEOUT' });
  await scene.clock.advance(1000);
  t.equal(scene.server.ran('CLOSE').length, 1);
  t.same(scene.client.files, []);
});

t.test('CLOSE: from its sending on the open is not reclaimed', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('a'));
  scene.server.lose('CLOSE', 'before-run', () => scene.server.reboot());
  t.match(await scene.settle(file.close()), { status: 'OK' });
  t.notOk(asked(scene.server.received, 2).includes('OPEN'));
  t.same(scene.ops('close'), ['close invoke', 'close info TIMEOUT']);
  t.match(await scene.settle(file.lock(RANGE)), { status: 'CLOSED' });
});

t.test(
  'SEQ4_STATUS_RESTART_RECLAIM_NEEDED in a session that lives on: everything is reclaimed',
  async (t) => {
    const scene = await Scene.begin();
    const file = await scene.lockedFile();
    scene.server.statusFlags = 0x100;
    await scene.settle(file.read(64, 1));
    scene.server.script('RECLAIM_COMPLETE', () => {
      scene.server.statusFlags = 0;
      return null;
    });
    await scene.settle(scene.client.recovered());
    t.same(asked(scene.server.received, 1).slice(-3), ['OPEN', 'reclaim LOCK', 'RECLAIM_COMPLETE']);
    t.same(file.held, HELD);
    await scene.clock.advance(5000);
    t.equal(scene.server.ran('RECLAIM_COMPLETE').length, 2, 'once');
  },
);

t.test('a flag in a late answer to an early request does not start it all over', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.statusFlags = 0x100;
  scene.server.script('RECLAIM_COMPLETE', () => {
    scene.server.statusFlags = 0;
    return null;
  });
  // Its answer, flag and all, is kept by the server, and comes after the recovery that another answer began.
  scene.server.lose('WRITE', 'after-run');
  t.match(await scene.settle(Promise.all([file.write(0, 'x'), file.read(0, 1)])), [
    { status: 'OK' },
    { status: 'OK' },
  ]);
  await scene.clock.advance(1000);
  t.equal(scene.server.ran('RECLAIM_COMPLETE').length, 2);
});

t.test('row 27: a server of another scope is not asked for what it never gave', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  scene.server.scope = 'other';
  scene.server.reboot();
  await scene.settle(scene.client.recovered());
  t.same(file.held, []);
  t.match(file.lost, [{ status: 'SERVER_SCOPE' }]);
  t.same(asked(scene.server.received, 2).slice(-2), ['CREATE_SESSION', 'RECLAIM_COMPLETE']);
});

t.test('a client that stops in the middle of recovery stops', async (t) => {
  const scene = await Scene.begin();
  await scene.lockedFile();
  scene.server.reboot();
  scene.server.answer('LOCK', st.NFS4ERR_DELAY, 10_000);
  await scene.until(() => scene.client.recovering);
  t.same(await scene.settle(scene.client.stop({ timeoutMs: 500 })), { status: 'TIMEOUT' });
  const sent = scene.server.compounds;
  await scene.clock.advance(10_000);
  t.equal(scene.server.compounds, sent, 'nothing is sent any more');
});
