/** How a server of its own ends, and comes back. */

import t, { type Test } from 'tap';
import { connect, place, type Ready, Serving, stateOf, type } from './fixtures/serving.ts';

const RANGE = { start: 0, end: 10 };
/** More than a busy machine keeps anybody waiting. Nobody waits for either to be over. */
const PATIENT = ['--lease', '20', '--grace', '20'];

t.setTimeout(1_700_000);

t.test('one line when it is ready, and a clean end', async (t) => {
  const dir = place(t);
  const serving = await Serving.start(t, dir, '--port', '0');
  t.match(serving.ready, { directory: dir, export: '/', address: '127.0.0.1', state: stateOf(dir) });
  t.ok(serving.ready.port > 0);
  t.same(await serving.end('SIGTERM'), [0, null]);
  t.equal(serving.stderr, process.geteuid?.() === 0 ? '' : serving.stderr, 'and nothing else');
});

t.test('C11: a planned stop is announced in the ledger before the locks go', async (t) => {
  const serving = await Serving.start(t, place(t), '--verbose');
  await serving.end('SIGTERM');
  const events = serving.stderr.split('\n').map((line) => line.split(' ').slice(1, 3).join(' '));
  const [announced, stopped] = [events.indexOf('ledger command="leave"'), events.indexOf('stopping view=')];
  t.ok(announced >= 0, serving.stderr);
  t.ok(stopped < 0 || stopped > announced);
  t.ok(serving.stderr.includes(' stopping '));
});

t.test('Ctrl-C ends it as well', async (t) => {
  const serving = await Serving.start(t, place(t));
  t.same(await serving.end('SIGINT'), [0, null]);
});

/** A lock through the end of its server; `back` starts the next one at the same port. */
async function survives(
  t: Test,
  end: (serving: Serving) => Promise<unknown>,
  back: (dir: string, before: Ready) => Promise<Ready>,
): Promise<void> {
  const dir = place(t);
  const serving = await Serving.start(t, dir, ...PATIENT);
  const alice = await connect(t, 'alice', serving.ready);
  const mine = await alice.open('file', { owner: 'p' });
  t.match(await mine.lock(RANGE), { status: 'OK' });
  await end(serving);
  const ready = await back(dir, serving.ready);
  t.equal(ready.port, serving.ready.port);
  const thief = await connect(t, 'thief', ready);
  const theirs = await thief.open('file', { owner: 'q' });
  t.match(await theirs.lock({ ...RANGE, retry: 'grace' }), { status: 'DENIED' }, 'also when grace is over');
  t.match(await alice.recovered(), { status: 'OK' });
  t.same(mine.held, [{ ...RANGE, mode: 'write' }]);
  t.match(await mine.unlock(RANGE), { status: 'OK' });
  t.match(await theirs.lock(RANGE), { status: 'OK' });
}

const again =
  (t: Test) =>
  async (dir: string, { port }: Ready) =>
    (await Serving.start(t, dir, '--port', String(port), ...PATIENT)).ready;

t.test('a lock survives SIGKILL and a new start with the same state', (t) =>
  survives(t, (serving) => serving.end('SIGKILL'), again(t)),
);

t.test('a lock survives a planned stop and a new start', (t) =>
  survives(t, (serving) => serving.end('SIGTERM'), again(t)),
);

t.test('a lock survives a reboot by the helper', (t) =>
  survives(
    t,
    async () => {},
    async (dir, before) => {
      t.match(await type('server-helper', stateOf(dir), 'reboot'), {
        status: 0,
        stdout: `gracelab serves ${dir} as / on 127.0.0.1:${before.port}\n`,
        stderr: '',
      });
      return before;
    },
  ),
);

t.test('row 16: grace is at least the lease of the life before', async (t) => {
  const dir = place(t);
  const long = await Serving.start(t, dir, '--lease', '3600', '--grace', '3600');
  t.match(long.ready, { lease: 3600, grace: 3600 });
  await long.end('SIGKILL');
  const short = await Serving.start(t, dir, '--lease', '1', '--grace', '0.5');
  t.match(short.ready, { lease: 1, grace: 3600 });
  await short.end('SIGTERM');
  const shortAgain = await Serving.start(t, dir, '--lease', '1', '--grace', '0.5');
  t.match(shortAgain.ready, { lease: 1, grace: 1 });
});
