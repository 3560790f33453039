/** Why a server of its own does not start. */

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import t from 'tap';
import { place, Serving, stateOf, type } from './fixtures/serving.ts';

t.setTimeout(120_000);

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
