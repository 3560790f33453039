import t from 'tap';
import {
  SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED,
  SEQ4_STATUS_RESTART_RECLAIM_NEEDED,
} from '../../../src/nfs4/constants.ts';
import * as st from '../../../src/nfs4/status.ts';
import { asked, ClusterScene } from './fixtures/cluster-scene.ts';

const RANGE = { start: 0, end: 32 };
const HELD = [{ ...RANGE, mode: 'write' as const }];
const LETTERS = 'home/letters';
const ACCOUNTS = 'work/accounts';

const ARRIVED = [
  'EXCHANGE_ID',
  'CREATE_SESSION',
  'RECLAIM_COMPLETE',
  'reclaim OPEN',
  'reclaim LOCK',
  'RECLAIM_COMPLETE of one',
];

t.test('row 30: a lock is reclaimed where its filesystem has moved, and work goes on there', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  const [letters, accounts] = files;
  scene.move('home', 'n1', 'n2');
  t.match(await scene.settle(letters!.write(0, 'x')), { status: 'OK' });
  t.same(asked(n2.received), [...ARRIVED, 'WRITE']);
  t.same(letters!.held, HELD);
  t.same(scene.ops('write'), ['n1 write invoke', 'n1 write fail MOVED', 'n2 write invoke', 'n2 write ok']);

  t.match(await scene.settle(accounts!.write(0, 'x')), { status: 'OK' });
  t.same(accounts!.held, HELD);
  t.equal(n1.ran('CREATE_SESSION').length, 1, 'the session with the old server lives on');
  t.equal(n1.ran('RECLAIM_COMPLETE').length, 1);
  t.same(asked(n1.received).slice(-1), ['WRITE'], 'the other filesystem is where it was');
  t.same(scene.client.lost, []);
});

t.test('the new server is one more that knows the client: same owner, same verifier', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  await scene.settle(files[0]!.read(0, 1));
  const [there, here] = [n2, n1].map((server) => server.ran('EXCHANGE_ID')[0]?.args);
  t.same(there.clientOwner, here.clientOwner);
  t.equal(here.flags & 3, 3, 'it says that it understands MOVED');
});

t.test('events name the server that was really asked', async (t) => {
  const { scene, files } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  await scene.settle(files[0]!.read(0, 1));
  t.same(scene.news(), [
    'n1 started',
    'n1 session',
    'n1 completing',
    'n1 reclaim-complete',
    'n1 recovery-begin home',
    'n2 session',
    'n2 completing',
    'n2 reclaim-complete',
    'n2 reclaim-complete home',
    'n2 recovery-end home',
  ]);
  t.same(scene.ops('lock').slice(2), ['n2 reclaim lock invoke', 'n2 reclaim lock ok']);
  const ids = scene.events.flatMap((event) =>
    event.kind === 'op' && event.phase === 'invoke' ? [event.id] : [],
  );
  t.same(
    ids,
    ids.map((_, index) => index + 1),
    'one count for all servers',
  );
});

t.test('row 29: an idle client finds by SEQ4_STATUS_LEASE_MOVED what has moved, and only that', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS, 'home/second']);
  scene.move('home', 'n1', 'n2');
  await scene.until(() => n2.ran('RECLAIM_COMPLETE').length === 2);
  await scene.settle(scene.client.recovered());
  t.same(asked(n2.received).slice(3).sort(), [
    'RECLAIM_COMPLETE of one',
    'reclaim LOCK',
    'reclaim LOCK',
    'reclaim OPEN',
    'reclaim OPEN',
  ]);
  for (const file of files) t.same(file.held, HELD);
  t.equal(n1.filesystems.flags, 0, 'it was told MOVED, and asked where to');
  const asks = n1.ran('GETATTR').length;
  await scene.clock.advance(3000);
  t.equal(n1.ran('GETATTR').length, asks, 'the flag is down: nothing is asked any more');
});

t.test('a flag that stays up does not keep the client busy', async (t) => {
  const { scene, files, n1 } = await ClusterScene.begin({}, [LETTERS]);
  n1.statusFlags = 0x80;
  const before = n1.ran('GETATTR').length;
  for (let request = 0; request < 300; request += 1) {
    await scene.settle(files[0]!.read(0, 1));
    await scene.clock.advance(10);
  }
  const asks = n1.ran('GETATTR').length - before;
  t.ok(asks >= 1 && asks <= 10, `${asks} times in three leases`);
  t.match(scene.client.held, [{ file: LETTERS }]);
});

t.test('while the flag is up, a request proves nothing about the lease', async (t) => {
  const { scene, n1 } = await ClusterScene.begin({}, [LETTERS]);
  n1.statusFlags = 0x80;
  await scene.clock.advance(10);
  const renewed = () =>
    scene.events.filter((event) => event.kind === 'client' && event.event === 'renewed').length;
  const before = renewed();
  await scene.clock.advance(1000);
  t.equal(renewed(), before);
});

t.test('what is on its way is waited for, to see where it goes', async (t) => {
  const { scene, n1, n2 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  n1.answer('GETATTR', st.NFS4ERR_DELAY, 3);
  t.same(await scene.settle(scene.client.recovered()), { status: 'OK' });
  t.same(asked(n2.received), ARRIVED);
});

t.test('what was revoked is not to be confused with what has moved', async (t) => {
  const { scene, files, n1 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  scene.move('home', 'n1', 'n2');
  n1.revoked.add('lock');
  n1.statusFlags = SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED;
  await scene.clock.advance(1000);
  t.same(files[0]!.held, HELD, 'the old server knows nothing of it, and need not');
  t.match(files[1]!.lost, [{ status: 'EXPIRED' }]);
});

t.test('recovered, and a session: only where there is something of the client', async (t) => {
  const { scene, files, n1 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  await scene.settle(files[0]!.write(0, 'x'));
  n1.reboot();
  n1.powerCut();
  await scene.clock.advance(1000);
  t.same(await scene.settle(scene.client.recovered()), { status: 'OK' });
  t.same(await scene.settle(scene.client.ready()), { status: 'OK' });
  t.ok(scene.client.session);
  t.notOk(scene.client.recovering);
});

t.test('recovered: not before what has moved was found and reclaimed', async (t) => {
  const { scene, n2 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  t.notOk(scene.client.recovering);
  n2.answer('LOCK', st.NFS4ERR_DELAY, 5);
  const recovered = scene.client.recovered();
  await scene.until(() => n2.ran('LOCK').length > 0);
  t.ok(scene.client.recovering);
  t.same(await scene.settle(recovered), { status: 'OK' });
  t.notOk(scene.client.recovering);
  t.same(asked(n2.received), ARRIVED);
});

t.test(
  'a server whose root itself has moved: the whole client moves, and says once that it is done',
  async (t) => {
    const { scene, files, n1, n2 } = await ClusterScene.begin({ filesystems: [] }, ['a', 'd/b', 'd/e/c']);
    scene.move('', 'n1', 'n2');
    t.match(await scene.settle(files[1]!.write(0, 'x')), { status: 'OK' });
    for (const file of files) t.same(file.held, HELD);
    t.equal(n2.ran('RECLAIM_COMPLETE').filter(({ args }) => args.oneFs).length, 1);
    t.equal(asked(n2.received).filter((name) => name === 'reclaim LOCK').length, 3);
    const compounds = n1.compounds;
    t.match(await scene.settle(scene.client.open('d/new')), { status: 'OK' });
    t.equal(n1.compounds, compounds, 'what is new is opened there, too');
    t.ok(scene.news().includes('n1 recovery-begin'), 'no name: all of it');
  },
);

t.test('a filesystem that never was here is looked for where it is', async (t) => {
  const { scene, n1, n2 } = await ClusterScene.begin({});
  n1.filesystems.moveAway('home', '10.0.0.2');
  const file = await scene.settle(scene.client.open(LETTERS));
  t.equal(file.status, 'OK');
  t.match(await scene.settle(file.lock(RANGE)), { status: 'OK' });
  t.same(asked(n2.received).slice(2), ['RECLAIM_COMPLETE', 'RECLAIM_COMPLETE of one', 'OPEN', 'LOCK']);
});

t.test('a filesystem deeper in the tree takes along what is in it, and nothing else', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, ['home/a', 'homes/b', 'c']);
  scene.move('home', 'n1', 'n2');
  await scene.settle(scene.client.recovered());
  t.equal(n2.ran('LOCK').length, 1);
  for (const file of files) t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' });
  t.same(
    [n1, n2].map((server) => server.ran('WRITE').length),
    [2, 1],
  );
});

t.test('whatever is asked for while it moves waits, at most for its time', async (t) => {
  const { scene, files, n2 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  n2.powerCut();
  const long = files[0]!.write(0, 'x');
  await scene.clock.advance(100);
  const short = files[0]!.read(0, 1, { timeoutMs: 200 });
  t.match(await scene.settle(short), { status: 'TIMEOUT', attempts: 0 });
  await scene.clock.advance(5000);
  t.ok(scene.client.recovering);
  t.same(files[0]!.held, HELD, 'believed in until it is told otherwise');
  n2.powerOn();
  t.match(await scene.settle(long), { status: 'OK' });
  t.same(files[0]!.held, HELD);
});

t.test('moved back: the session that was there all the time is used again', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  scene.move('home', 'n1', 'n2');
  await scene.settle(files[0]!.write(0, 'x'));
  scene.move('home', 'n2', 'n1');
  t.match(await scene.settle(files[0]!.write(0, 'y')), { status: 'OK' });
  for (const file of files) t.same(file.held, HELD);
  t.equal(n1.ran('EXCHANGE_ID').length, 1);
  t.equal(n1.ran('CREATE_SESSION').length, 1);
  t.same(asked(n1.received).slice(-4), ['reclaim OPEN', 'reclaim LOCK', 'RECLAIM_COMPLETE of one', 'WRITE']);
  scene.move('home', 'n1', 'n2');
  t.match(await scene.settle(files[0]!.write(0, 'z')), { status: 'OK' });
  t.equal(n2.ran('EXCHANGE_ID').length, 1);
});

t.test('moved on before it was reclaimed: followed to the third server', async (t) => {
  const { scene, files, n2, n3 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  n2.script('LOCK', () => {
    scene.move('home', 'n2', 'n3');
    return st.NFS4ERR_MOVED;
  });
  t.match(await scene.settle(files[0]!.write(0, 'x')), { status: 'OK' });
  t.same(asked(n3.received), [...ARRIVED, 'WRITE']);
  t.same(files[0]!.held, HELD);
  t.equal(n2.ran('RECLAIM_COMPLETE').filter(({ args }) => args.oneFs).length, 0);
});

t.test('a server that does not tell it from its root takes nothing else along', async (t) => {
  const { scene, files, n1, n2, n3 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  n2.filesystems.named.clear();
  scene.move('home', 'n1', 'n2');
  await scene.settle(files[0]!.write(0, 'x'));
  scene.move('', 'n2', 'n3');
  for (const file of files) t.match(await scene.settle(file.write(0, 'y')), { status: 'OK' });
  t.same(
    [n1, n3].map((server) => asked(server.received).filter((name) => name === 'WRITE').length),
    [1, 1],
  );
  t.equal(n3.ran('LOCK').length, 1);
});

t.test('its new server never comes, and it is moved on: its old one is asked again', async (t) => {
  const { scene, files, n2, n3 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  n2.powerCut();
  const writing = files[0]!.write(0, 'x', { timeoutMs: 60_000 });
  await scene.clock.advance(2500);
  scene.move('home', 'n1', 'n3');
  t.match(await scene.settle(writing), { status: 'OK' });
  t.same(asked(n3.received), [...ARRIVED, 'WRITE']);
});

t.test('the new server reboots later: reclaimed there, and the old one hears nothing of it', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  scene.move('home', 'n1', 'n2');
  await scene.settle(files[0]!.write(0, 'x'));
  const before = asked(n1.received).length;
  n2.reboot();
  t.match(await scene.settle(files[0]!.write(0, 'y')), { status: 'OK' });
  t.same(asked(n2.received.filter(({ life }) => life === 2)), [
    'EXCHANGE_ID',
    'CREATE_SESSION',
    'reclaim OPEN',
    'reclaim LOCK',
    'RECLAIM_COMPLETE',
    'WRITE',
  ]);
  t.equal(asked(n1.received).length, before);
  for (const file of files) t.same(file.held, HELD);
});

t.test('the old server reboots later: only what is still there is reclaimed from it', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  scene.move('home', 'n1', 'n2');
  await scene.settle(files[0]!.write(0, 'x'));
  n1.reboot();
  await scene.settle(scene.client.recovered());
  const reclaimed = n1.ran('OPEN').filter(({ life }) => life === 2);
  t.equal(reclaimed.length, 1);
  t.equal(n2.ran('OPEN').length, 1);
  for (const file of files) t.same(file.held, HELD);
});

for (const where of ['OPEN', 'LOCK', 'RECLAIM_COMPLETE', 'CREATE_SESSION'] as const) {
  t.test(`the new server reboots at ${where} of the arrival: nothing is lost`, async (t) => {
    const { scene, files, n2 } = await ClusterScene.begin({}, [LETTERS]);
    scene.move('home', 'n1', 'n2');
    n2.lose(where, 'after-run', () => n2.reboot());
    t.match(await scene.settle(files[0]!.write(0, 'x')), { status: 'OK' });
    t.same(files[0]!.held, HELD);
    const second = asked(n2.received.filter(({ life }) => life === 2));
    t.equal(second.filter((name) => name === 'reclaim LOCK').length, 1);
    t.same(second.slice(-2), ['RECLAIM_COMPLETE of one', 'WRITE']);
  });
}

t.test('the old server reboots before anybody was told: a reclaim answered MOVED is no loss', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  scene.move('home', 'n1', 'n2');
  n1.reboot();
  t.match(await scene.settle(files[0]!.write(0, 'x')), { status: 'OK' });
  t.same(asked(n2.received), [...ARRIVED, 'WRITE']);
  for (const file of files) t.same(file.held, HELD);
  t.same(scene.client.lost, []);
});

t.test(
  'the old server reboots while the new one is not there yet: it is not asked for what has moved',
  async (t) => {
    const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
    scene.move('home', 'n1', 'n2');
    n2.powerCut();
    const writing = files[0]!.write(0, 'x');
    await scene.clock.advance(1000);
    n1.reboot();
    await scene.until(() => n1.ran('RECLAIM_COMPLETE').length === 2);
    t.equal(n1.ran('OPEN').filter(({ life }) => life === 2).length, 1);
    n2.powerOn();
    t.match(await scene.settle(writing), { status: 'OK' });
    for (const file of files) t.same(file.held, HELD);
  },
);

t.test(
  'the new server says in the middle of the arrival that all is to be reclaimed: one after the other',
  async (t) => {
    const { scene, files, n2 } = await ClusterScene.begin({}, [LETTERS]);
    scene.move('home', 'n1', 'n2');
    n2.script('LOCK', () => {
      n2.statusFlags = SEQ4_STATUS_RESTART_RECLAIM_NEEDED;
      return st.NFS4ERR_DELAY;
    });
    n2.answer('LOCK', st.NFS4ERR_DELAY, 4);
    n2.script('RECLAIM_COMPLETE', () => null);
    n2.script('RECLAIM_COMPLETE', () => {
      n2.statusFlags = 0;
      return null;
    });
    t.match(await scene.settle(files[0]!.write(0, 'x')), { status: 'OK' });
    await scene.settle(scene.client.recovered());
    t.same(
      asked(n2.received).filter((name) => name !== 'WRITE'),
      [
        'EXCHANGE_ID',
        'CREATE_SESSION',
        'RECLAIM_COMPLETE',
        'reclaim OPEN',
        'reclaim OPEN',
        'reclaim LOCK',
        'RECLAIM_COMPLETE',
        'RECLAIM_COMPLETE of one',
      ],
    );
  },
);

t.test(
  'two directories of one filesystem are asked about: the second answer starts nothing again',
  async (t) => {
    const { scene, files, n1 } = await ClusterScene.begin({}, ['home/a/x', 'home/b/y']);
    for (const round of [1, 2]) {
      n1.filesystems.moveAway('home', null);
      n1.script('GETATTR', () => {
        n1.filesystems.bringBack('home');
        n1.lose('GETATTR', 'after-run');
        return null;
      });
      const writing = files.map((file) => file.write(0, 'x'));
      for (const written of await scene.settle(Promise.all(writing))) t.match(written, { status: 'OK' });
      await scene.clock.advance(2000);
      t.equal(n1.ran('RECLAIM_COMPLETE').filter(({ args }) => args.oneFs).length, round);
    }
  },
);

t.test('row 18: a client that only confirms does no more at another server', async (t) => {
  const { scene, n2 } = await ClusterScene.begin({}, [LETTERS]);
  scene.client.behave('confirm-only');
  scene.move('home', 'n1', 'n2');
  await scene.clock.advance(5000);
  t.same(asked(n2.received), ['EXCHANGE_ID', 'CREATE_SESSION']);
});

for (const refusal of [st.NFS4ERR_NO_GRACE, st.NFS4ERR_RECLAIM_BAD, st.NFS4ERR_RECLAIM_CONFLICT] as const) {
  const status = st.statusName(refusal);
  t.test(`I5: a lock whose reclaim is answered ${status} is told as lost`, async (t) => {
    const { scene, files, n2 } = await ClusterScene.begin({}, [LETTERS]);
    scene.move('home', 'n1', 'n2');
    n2.answer('LOCK', refusal);
    t.match(await scene.settle(files[0]!.write(0, 'x')), { status });
    t.same(files[0]!.held, []);
    t.match(files[0]!.lost, [{ ...RANGE, status }]);
    t.ok(scene.news().includes(`n2 lock-lost ${LETTERS} ${status}`));
    t.equal(n2.ran('WRITE').length, 0);
  });
}

t.test('DELAY and GRACE at the new server are waited out', async (t) => {
  const { scene, files, n2 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  n2.answer('OPEN', st.NFS4ERR_DELAY, 20);
  n2.answer('LOCK', st.NFS4ERR_GRACE, 20);
  t.match(await scene.settle(files[0]!.write(0, 'x')), { status: 'OK' });
  t.same(files[0]!.held, HELD);
});

t.test('row 27: a server of another scope is not asked for what it never gave', async (t) => {
  const { scene, files, n2 } = await ClusterScene.begin({}, [LETTERS]);
  n2.scope = 'other';
  scene.move('home', 'n1', 'n2');
  t.match(await scene.settle(files[0]!.write(0, 'x')), { status: 'SERVER_SCOPE' });
  t.match(files[0]!.lost, [{ status: 'SERVER_SCOPE' }]);
  t.notOk(asked(n2.received).some((name) => name.startsWith('reclaim')));
});

t.test('a delegation comes along', async (t) => {
  const { scene, n1, n2 } = await ClusterScene.begin({});
  n1.delegation = 'write';
  n2.delegation = 'write';
  const file = scene.client.file(LETTERS, { owner: 'p1' });
  const delegation = await scene.settle(file.openDelegated('write'));
  scene.move('home', 'n1', 'n2');
  t.match(await scene.settle(file.write(0, 'x')), { status: 'OK' });
  t.equal(delegation?.gone, false);
  t.match(n2.ran('WRITE')[0]?.args.stateid.other.toString(), /delegn2/);
});

t.test('two servers that send it to each other do not keep the client busy', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS]);
  n1.filesystems.moveAway('home', '10.0.0.2');
  n2.filesystems.moveAway('home', '10.0.0.1');
  const writing = files[0]!.write(0, 'x', { timeoutMs: 60_000 });
  await scene.clock.advance(1000);
  const before = n1.compounds + n2.compounds;
  await scene.clock.advance(10_000);
  const perSecond = (n1.compounds + n2.compounds - before) / 10;
  t.ok(perSecond > 1 && perSecond < 200, `${perSecond} requests a second`);
  t.same(files[0]!.held, HELD, 'nobody has said that it is lost');
  n2.filesystems.bringBack('home');
  t.match(await scene.settle(writing), { status: 'OK' });
});

for (const [title, server] of [
  ['a server that sends everybody to itself', '10.0.0.1'],
  ['a server that does not say where to', null],
] as const) {
  t.test(`${title} does not keep the client busy`, async (t) => {
    const { scene, files, n1 } = await ClusterScene.begin({}, [LETTERS]);
    n1.filesystems.moveAway('home', server);
    const writing = files[0]!.write(0, 'x', { timeoutMs: 60_000 });
    await scene.clock.advance(1000);
    const before = n1.compounds;
    await scene.clock.advance(10_000);
    const perSecond = (n1.compounds - before) / 10;
    t.ok(perSecond > 1 && perSecond < 200, `${perSecond} requests a second`);
    n1.filesystems.bringBack('home');
    t.match(await scene.settle(writing), { status: 'OK' });
    t.same(files[0]!.held, HELD);
  });
}

t.test(
  'a place where it goes by another path is not believed: the names there would mean other files',
  async (t) => {
    const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS]);
    n1.filesystems.moveAway('home', '10.0.0.2', ['elsewhere']);
    const writing = files[0]!.write(0, 'x', { timeoutMs: 3000 });
    t.match(await scene.settle(writing), { status: 'TIMEOUT' });
    t.equal(n2.compounds, 0);
  },
);

t.test('a universal address names the port, too', async (t) => {
  const { scene, files, n1 } = await ClusterScene.begin({}, [LETTERS]);
  n1.filesystems.moveAway('home', '10.0.0.2.8.2');
  t.match(await scene.settle(files[0]!.write(0, 'x')), { status: 'OK' });
  t.same(scene.dialled, ['10.0.0.1:2049', '10.0.0.2:2050']);
});

t.test('stop takes leave of every server, abandon of none', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS, ACCOUNTS]);
  scene.move('home', 'n1', 'n2');
  await scene.settle(files[0]!.write(0, 'x'));
  t.same(await scene.settle(scene.client.stop()), { status: 'OK' });
  for (const server of [n1, n2])
    t.same(asked(server.received).slice(-4), ['LOCKU', 'CLOSE', 'DESTROY_SESSION', 'DESTROY_CLIENTID']);
  const sent = n1.compounds + n2.compounds;
  await scene.clock.advance(5000);
  t.equal(n1.compounds + n2.compounds, sent);

  const other = await ClusterScene.begin({}, [LETTERS]);
  other.scene.move('home', 'n1', 'n2');
  await other.scene.settle(other.files[0]!.write(0, 'x'));
  other.scene.client.abandon();
  const compounds = other.n1.compounds + other.n2.compounds;
  await other.scene.clock.advance(5000);
  t.equal(other.n1.compounds + other.n2.compounds, compounds);
});

t.test('a client that stops in the middle of a move stops', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, [LETTERS]);
  scene.move('home', 'n1', 'n2');
  n2.powerCut();
  void files[0]!.write(0, 'x');
  await scene.clock.advance(500);
  t.same(await scene.settle(scene.client.stop({ timeoutMs: 500 })), { status: 'TIMEOUT' });
  n2.powerOn();
  const sent = n1.compounds + n2.compounds;
  await scene.clock.advance(10_000);
  t.equal(n1.compounds + n2.compounds, sent, 'nothing is sent any more');
});

t.test('a client that has gone does not turn to one more server', async (t) => {
  const { scene, files, n1 } = await ClusterScene.begin({}, [LETTERS]);
  n1.filesystems.moveAway('home', '10.0.0.1');
  void files[0]!.write(0, 'x');
  await scene.clock.advance(1000);
  n1.filesystems.moveAway('home', '10.0.0.2');
  const asks = n1.ran('GETATTR').length;
  await scene.until(() => n1.ran('GETATTR').length > asks);
  await scene.clock.advance(1);
  scene.client.abandon();
  await scene.clock.advance(5000);
  t.same(scene.dialled, ['10.0.0.1:2049']);
});

t.test('its new server never comes, and the filesystem is home again', async (t) => {
  const { scene, files, n1, n2 } = await ClusterScene.begin({}, ['home/letters']);
  scene.move('home', 'n1', 'n2');
  n2.powerCut();
  const outcomes: string[] = [];
  void files[0]!.write(0, 'x', { timeoutMs: 600_000 }).then(({ status }) => outcomes.push(status));
  await scene.clock.advance(2_500);
  t.same(outcomes, []);
  n1.filesystems.bringBack('home');
  await scene.clock.advance(60_000);
  t.equal(outcomes.length, 1, 'it asks where it came from');
});
