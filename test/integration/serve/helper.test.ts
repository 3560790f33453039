/** What test suites for servers call on the server's machine. */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { place, Serving, stateOf, type } from './fixtures/serving.ts';

t.setTimeout(1_700_000);

async function ends(t: Test, argv: readonly string[], status: number, says: RegExp): Promise<void> {
  const { status: actual, stdout, stderr } = await type('server-helper', ...argv);
  t.equal(actual, status, argv.slice(1).join(' '));
  t.match(stdout + stderr, says);
}

t.test('a server is stopped, started and looked at', async (t) => {
  const dir = place(t);
  const state = stateOf(dir);
  const serving = await Serving.start(t, dir, '--export', '/data', '--read-only');
  const where = `serves ${dir} as /data on 127.0.0.1:${serving.ready.port}\n$`;
  await ends(t, [state, 'status'], 0, new RegExp(`^process ${serving.ready.pid} ${where}`));
  await ends(t, [state, 'stop'], 0, /^$/);
  t.same(await serving.ended, [0, null]);
  await ends(t, [state, 'status'], 0, /^no server runs for/);
  await ends(t, [state, 'start'], 0, new RegExp(`^gracelab ${where}`));
  await ends(t, [state, 'start'], 0, new RegExp(`^process \\d+ ${where}`));
  const { order } = JSON.parse(readFileSync(path.join(state, 'server.json'), 'utf8')) as { order: object };
  t.match(order, { exportName: 'data', readOnly: true, leaseMs: 2000, graceMs: 2000 }, 'as it was');
  await ends(t, [state, 'stop'], 0, /^$/);
});

t.test('a reboot aims at the server alone, not at whoever has its pid by now', async (t) => {
  const dir = place(t);
  const state = stateOf(dir);
  const serving = await Serving.start(t, dir);
  await serving.end('SIGKILL');
  const other = spawn('sleep', ['100']);
  t.teardown(() => other.kill());
  const file = path.join(state, 'server.json');
  const record = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...record, pid: other.pid }));
  await ends(t, [state, 'reboot'], 0, /^gracelab serves/);
  t.equal(other.exitCode, null);
  t.equal(other.signalCode, null);
  t.ok(statSync(`/proc/${other.pid}`).isDirectory());
});

t.test('files are changed behind the server, by the names that clients know or by its own', async (t) => {
  const dir = place(t);
  const state = stateOf(dir);
  const { ready } = await Serving.start(t, dir, '--export', '/data');
  const at = (name: string) => path.join(dir, name);
  mkdirSync(at('sub'));
  writeFileSync(at('sub/a'), '');
  writeFileSync(path.join(dir, '..', `${path.basename(dir)}.outside`), '');
  symlinkSync('..', at('up'));
  t.ok(ready.port);

  await ends(t, [state, 'rename', '/data/sub/a', '/data/b'], 0, /^$/);
  await ends(t, [state, 'link', at('b'), '/data/c'], 0, /^$/);
  await ends(t, [state, 'chmod', '0640', '/data/c'], 0, /^$/);
  t.match(statSync(at('b')), { mode: 0o100640, nlink: 2 });
  await ends(t, [state, 'unlink', '/data/b'], 0, /^$/);
  t.equal(statSync(at('c')).nlink, 1);

  const outside = `${path.basename(dir)}.outside`;
  await ends(t, [state, 'unlink', `/data/../${outside}`], 64, /is not below \/data/);
  await ends(t, [state, 'unlink', `/data/up/${outside}`], 64, /is not below \/data/);
  await ends(t, [state, 'unlink', '/etc/passwd'], 64, /is not below \/data/);
  await ends(t, [state, 'unlink', '/data'], 64, /is not below \/data/);
  await ends(t, [state, 'unlink', '/data/none'], 64, /^gracelab: there is no \/data\/none: name a file that/);
  await ends(t, [state, 'rename', '/data/none/x', '/data/y'], 64, /^gracelab: there is no \/data\/none\/x: /);
  await ends(t, [state, 'chmod', 'rwx', '/data/c'], 64, /not a mode/);
});

t.test('a server is started with another lease, and without what it had recorded', async (t) => {
  const dir = place(t);
  const state = stateOf(dir);
  const { ready } = await Serving.start(t, dir, '--no-delegations');
  const order = () =>
    (JSON.parse(readFileSync(path.join(state, 'server.json'), 'utf8')) as { order: object }).order;
  t.match(order(), { delegations: false });
  const served = new RegExp(`^gracelab serves .*:${ready.port}\n$`);
  await ends(t, [state, 'lease', '3'], 0, served);
  t.match(order(), { leaseMs: 3000, graceMs: 3000, delegations: false }, 'and the rest as it was');
  for (const verb of ['lose-records', 'corrupt-records']) await ends(t, [state, verb], 0, served);
  t.match(order(), { leaseMs: 3000 });
  await ends(t, [state, 'lease', 'long'], 64, /^gracelab: long is no lease\. It must be a number of seconds/);
  await ends(t, [state, 'lease'], 64, /^gracelab: lease takes 1 more argument, not 0\.\n$/);
});

t.test('wrong usage, in one sentence each', async (t) => {
  const dir = place(t);
  await ends(t, [dir, 'reboot'], 64, /^gracelab: no server has served with the state in .*\n$/);
  await ends(t, [dir, 'explode'], 64, /^gracelab: no operation "explode"; there are reboot, .*\n$/);
  await ends(t, [dir, 'rename', '/a'], 64, /^gracelab: rename takes 2 more arguments, not 1\.\n$/);
  writeFileSync(path.join(dir, 'server.json'), '{}');
  await ends(t, [dir, 'status'], 3, /^gracelab: .*server\.json is not what a server writes: remove it\.\n$/);
});
