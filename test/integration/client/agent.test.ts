import t, { type Test } from 'tap';
import { systemClock } from '../../../src/cli/agents/surroundings.ts';
import { NodeUnderTest } from '../../unit/server/fixtures/node-under-test.ts';
import { AgentProcess } from './fixtures/agent-process.ts';
import { ClusterNode, move, serveAt, sharedDirectories } from './fixtures/real-cluster.ts';

/** Longer than a busy machine keeps anybody waiting. */
const LEASE_MS = 60_000;
const CELL = { file: 'ledger', start: 0, end: 32 };

async function lab(t: Test) {
  const node = new NodeUnderTest(t, { clock: systemClock, leaseMs: LEASE_MS });
  const { port } = await node.server.listen('127.0.0.1', 0);
  const originNs = String(process.hrtime.bigint());
  const agent = async (name: string) => {
    const servers = { n1: '127.0.0.1' };
    const started = new AgentProcess(t, {
      name,
      node: 'n1',
      servers,
      port,
      leaseMs: LEASE_MS,
      originNs,
    });
    await started.ready;
    t.match(await started.command('await', { what: 'session', timeoutMs: LEASE_MS }), {
      ok: true,
      status: 'OK',
    });
    return started;
  };
  return { node, agent };
}

t.test('an agent locks, reads, writes, and is in another agent’s way', async (t) => {
  const { node, agent } = await lab(t);
  const [alice, bob] = await Promise.all([agent('alice'), agent('bob')]);
  t.match(await alice.command('lock', { owner: 'p', ...CELL, mode: 'write' }), {
    ok: true,
    status: 'OK',
    attempts: 2,
  });
  const denied = await bob.command('lock', { owner: 'q', ...CELL, mode: 'read', retry: 'none' });
  t.match(denied, { ok: true, status: 'DENIED' });
  t.match(await alice.command('write', { owner: 'p', file: 'ledger', offset: 0, value: 'hello' }), {
    status: 'OK',
  });
  t.match(await alice.command('read', { owner: 'p', file: 'ledger', offset: 0, count: 32 }), {
    value: 'hello',
  });
  t.match(await alice.command('state'), {
    status: 'OK',
    node: 'n1',
    session: true,
    recovering: false,
    lost: [],
    held: [{ owner: 'p', ...CELL, mode: 'write' }],
  });
  t.match(await alice.command('unlock', { owner: 'p', ...CELL }), { status: 'OK' });
  t.match(await bob.command('lock', { owner: 'q', ...CELL, mode: 'read' }), { status: 'OK' });
  t.match(await alice.command('stop'), { ok: true, status: 'OK' });
  t.equal(await alice.exited, 0);
  t.same(
    node.server.summary().clients.map(({ name }) => name),
    ['bob'],
    'alice took her leave',
  );
});

t.test(
  'updates tell what they are based on, and trust the cache no longer than the lock is held',
  async (t) => {
    const { agent } = await lab(t);
    const [alice, bob] = await Promise.all([agent('alice'), agent('bob')]);
    const update = { owner: 'p', file: 'ledger', offset: 0 };
    t.match(await alice.command('update', update), { ok: true, status: 'NOT_HELD' });
    await alice.command('lock', { owner: 'p', ...CELL });
    t.match(await alice.command('update', update), { status: 'OK', value: 'alice/1', basedOn: '' });
    t.match(await alice.command('update', update), { status: 'OK', value: 'alice/2', basedOn: 'alice/1' });
    const reads = () => alice.events.filter((event) => event.kind === 'op' && event.op === 'read').length;
    t.equal(reads(), 2, 'one read, invoke and ok');
    await alice.command('unlock', { owner: 'p', ...CELL });
    await bob.command('lock', { owner: 'q', ...CELL });
    t.match(await bob.command('update', { ...update, owner: 'q' }), { value: 'bob/1', basedOn: 'alice/2' });
    await bob.command('unlock', { owner: 'q', ...CELL });
    await alice.command('lock', { owner: 'p', ...CELL });
    t.match(await alice.command('update', update), { value: 'alice/3', basedOn: 'bob/1' });
    t.equal(reads(), 4, 'the lock was away: read again');
  },
);

t.test('loops run beside other commands, each attempt in the history', async (t) => {
  const { agent } = await lab(t);
  const [alice, bob] = await Promise.all([agent('alice'), agent('bob')]);
  await alice.command('lock', { owner: 'p', ...CELL });
  const thief = { loop: 'thief', owner: 'q', ...CELL, everyMs: 0, body: 'lock-update-unlock' };
  t.match(await bob.command('loop', thief), { ok: true, status: 'OK' });
  t.match(await bob.command('loop', thief), { ok: false, error: 'a loop called thief runs already' });
  const other = {
    loop: 'other',
    owner: 'r',
    file: 'elsewhere',
    start: 0,
    end: 32,
    everyMs: 0,
    body: 'lock-unlock',
  };
  await bob.command('loop', other);
  t.match(await bob.command('lock', { owner: 's', file: 'third', start: 0, end: 1 }), { status: 'OK' });
  const refused = () => bob.events.filter((event) => event.kind === 'op' && event.status === 'DENIED').length;
  while (refused() < 20) await bob.command('state');
  await alice.command('unlock', { owner: 'p', ...CELL });
  const updates = () => bob.events.filter((event) => event.kind === 'op' && event.op === 'write').length;
  while (updates() < 20) await bob.command('state');
  const summary = await bob.command('stop-loop', { loop: 'thief' });
  t.ok(Number(summary.granted) >= 10);
  t.ok(Number((summary.refused as Record<string, number>).DENIED) >= 20);
  t.equal(
    Number(summary.attempts),
    Number(summary.granted) + Number((summary.refused as Record<string, number>).DENIED),
  );
  t.match(await bob.command('stop-loop', { loop: 'thief' }), {
    ok: false,
    error: 'there is no loop called thief',
  });
  t.match(await bob.command('stop'), { status: 'OK' });
});

t.test('a loop until granted ends by itself', async (t) => {
  const { agent } = await lab(t);
  const alice = await agent('alice');
  const order = { loop: 'once', owner: 'q', ...CELL, everyMs: 1, body: 'lock-unlock', until: 'granted' };
  await alice.command('loop', order);
  const unlocked = () =>
    alice.events.some((event) => event.kind === 'op' && event.op === 'unlock' && event.phase === 'ok');
  while (!unlocked()) await alice.command('state');
  t.match(await alice.command('stop-loop', { loop: 'once' }), { attempts: 1, granted: 1, refused: {} });
});

t.test('events carry the time of the lab’s origin, in order, and pair up', async (t) => {
  const { agent } = await lab(t);
  const alice = await agent('alice');
  await alice.command('lock', { owner: 'p', ...CELL });
  await alice.command('unlock', { owner: 'p', ...CELL });
  const times = alice.events.map(({ t }) => t);
  t.same(
    times,
    [...times].sort((a, b) => a - b),
  );
  t.ok(times[0]! > 0 && times.at(-1)! < 600e9);
  for (const event of alice.events) {
    if (event.kind === 'client' && event.event === 'renewed') {
      t.ok(
        event.sentAt! < event.t && event.sentAt! > event.t - LEASE_MS * 1e6,
        'sent before it was known, on the same clock',
      );
    }
  }
  const phases = alice.events.flatMap((event) => (event.kind === 'op' ? [`${event.id} ${event.phase}`] : []));
  t.same(phases, ['1 invoke', '1 ok', '2 invoke', '2 ok', '3 invoke', '3 ok']);
});

t.test('row 30: an agent goes after a filesystem, and its events name the server that it asks', async (t) => {
  const servers = { n1: '127.0.0.1', n2: '127.0.0.2' };
  const top = sharedDirectories(t);
  const n1 = new ClusterNode('n1', systemClock, top, { addresses: servers, leaseMs: LEASE_MS });
  const n2 = new ClusterNode('n2', systemClock, top, { addresses: servers, leaseMs: LEASE_MS });
  serveAt(t, n1, n2);
  const { port } = await n1.server.listen(servers.n1, 0);
  await n2.server.listen(servers.n2, port);
  const originNs = String(process.hrtime.bigint());
  const alice = new AgentProcess(t, {
    name: 'alice',
    node: 'n1',
    servers,
    port,
    leaseMs: LEASE_MS,
    originNs,
  });
  await alice.ready;
  const letters = { owner: 'p', file: 'home/letters', start: 0, end: 32 };
  t.match(await alice.command('lock', letters), { status: 'OK' });
  move('home', n1, n2);
  t.match(await alice.command('await', { what: 'recovered', timeoutMs: LEASE_MS }), { status: 'OK' });
  t.match(await alice.command('update', { owner: 'p', file: 'home/letters', offset: 0 }), { status: 'OK' });
  const locks = alice.events.flatMap((event) =>
    event.kind === 'op' && event.op === 'lock' && event.phase === 'ok' ? [[event.node, event.reclaim]] : [],
  );
  t.same(locks, [
    ['n1', undefined],
    ['n2', true],
  ]);
  t.match(await alice.command('state'), { node: 'n1', session: true, held: [letters], lost: [] });
  t.match(await alice.command('stop'), { status: 'OK' });
  for (const node of [n1, n2]) t.same(node.clients, []);
});

t.test('wrong commands are refused in one sentence', async (t) => {
  const { agent } = await lab(t);
  const alice = await agent('alice');
  const refusals: [string, object, RegExp][] = [
    ['steal', {}, /^there is no command "steal" for a client$/],
    ['toString', {}, /^there is no command "toString"/],
    ['lock', { owner: 'p', file: 'f', start: -1, end: 2 }, /^"start" is wrong: /],
    ['lock', { owner: 'p', file: 'f', start: 5, end: 5 }, /^not a byte range: \[5, 5\)$/],
    ['lock', { owner: 'p', file: 'f', start: 0, end: 2, mode: 'steal' }, /^"mode" is wrong: /],
    ['lock', { file: 'f', start: 0, end: 2 }, /^"owner" is wrong: /],
    [
      'read',
      { owner: 'p', file: '../f', offset: 0, count: 1 },
      /does not name a file below the export's root/,
    ],
    ['await', { what: 'doomsday' }, /^"what" is wrong: /],
  ];
  for (const [command, parameters, sentence] of refusals) {
    const answer = await alice.command(command, parameters);
    t.match(answer, { ok: false, error: sentence }, command);
    t.notMatch(answer.error, /\n/);
  }
});

t.test('an agent ends with its stdin', async (t) => {
  const { agent } = await lab(t);
  const alice = await agent('alice');
  alice.endInput();
  t.equal(await alice.exited, 0);
});
