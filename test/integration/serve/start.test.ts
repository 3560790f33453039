/** Why a server of its own does not start. */

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import t from 'tap';
import { connect, place, Serving, stateOf, type } from './fixtures/serving.ts';

t.setTimeout(1_700_000);

t.test('C14: a second server with the same state does not start', async (t) => {
  const dir = place(t);
  const { ready } = await Serving.start(t, dir);
  const second = await type('serve', dir, '--state', ready.state, '--port', '0');
  t.match(second, { status: 3, stdout: '' });
  t.match(
    second.stderr,
    /^gracelab: process \d+ serves .* already: stop it first, or name another --state\.\n$/,
  );
});

t.test('C14: nor where nothing but the beacon tells of the first', async (t) => {
  const dir = place(t);
  const { ready } = await Serving.start(t, dir);
  writeFileSync(
    path.join(ready.state, 'server.json'),
    JSON.stringify({
      order: {
        directory: dir,
        state: ready.state,
        exportName: null,
        address: '127.0.0.1',
        port: ready.port,
        leaseMs: 1000,
        graceMs: 1000,
        readOnly: false,
        rootSquash: false,
        anonymousUid: 65534,
        anonymousGid: 65534,
        allow: [],
        verbose: false,
      },
      pid: 2 ** 22 - 1,
      startTicks: '1',
      bootId: 'another',
    }),
  );
  const second = await type('serve', dir, '--state', ready.state, '--port', '0');
  t.match(second, { status: 3, stdout: '' });
  t.match(second.stderr, /^gracelab: another server has the state in .*: stop it first, or name another/m);
});

t.test('a port in use is told in one sentence', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const dir = place(t);
  const { status, stdout, stderr } = await type(
    'serve',
    dir,
    '--state',
    `${dir}/../${path.basename(dir)}.state`,
    '--port',
    String(port),
  );
  t.equal(status, 3);
  t.equal(stdout, '');
  t.match(stderr, `gracelab: port ${port} of 127.0.0.1 is in use: stop the program that listens there.\n`);
});

t.test('an address that is not of this machine', async (t) => {
  const dir = place(t);
  mkdirSync(stateOf(dir));
  const { status, stderr } = await type(
    'serve',
    dir,
    '--state',
    stateOf(dir),
    '--address',
    '192.0.2.1',
    '--port',
    '0',
  );
  t.equal(status, 3);
  t.match(stderr, /this machine does not have the address 192\.0\.2\.1/);
});

t.test('a ledger that is none is told with its place', async (t) => {
  const dir = place(t);
  mkdirSync(stateOf(dir));
  writeFileSync(
    path.join(stateOf(dir), 'ledger.sqlite'),
    'nonsense, and long enough to be looked at '.repeat(20),
  );
  const { status, stderr } = await type('serve', dir, '--state', stateOf(dir), '--port', '0');
  t.equal(status, 3);
  t.match(stderr, /^gracelab: .*ledger\.sqlite cannot be opened \(.*\): restore it, or remove it, .*\.$/m);
});

t.test('the state of another directory is taken, and said to be one', async (t) => {
  const first = place(t);
  await (await Serving.start(t, first)).end('SIGTERM');
  const serving = await Serving.start(t, place(t), '--state', stateOf(first));
  t.match(serving.stderr, `the state in ${stateOf(first)} is that of ${first}: whatever clients have of it`);
});

t.test('one line for an address of version 6, and its clients find it', async (t) => {
  const dir = place(t);
  const { ready } = await Serving.start(t, dir, '--address', '::1');
  const client = await connect(t, 'six', ready);
  t.match(await (await client.open('file', { owner: 'p' })).lock({ start: 0, end: 1 }), { status: 'OK' });
  t.match(await type('server-helper', ready.state, 'reboot'), {
    status: 0,
    stdout: `gracelab serves ${dir} as / on [::1]:${ready.port}\n`,
  });
});
