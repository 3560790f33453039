/** `gracelab bench lock` against ours and NFS-Ganesha in one run: it measures what it says, and leaves nothing. How fast they are is no test's business. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { WORKLOADS } from '../../../src/bench/lock/workloads.ts';
import { finish, ROOT, temporaryDirectory } from '../cli/gracelab.ts';
import { ganesha, ganeshaVersion } from '../conformance/ganesha.ts';
import { ServerProcess } from '../conformance/server-process.ts';
import { freePort } from '../serve/fixtures/free-port.ts';
import { place, Serving } from '../serve/fixtures/serving.ts';

/** On a machine that has other things to do. */
t.setTimeout(1_700_000);

const MAIN = path.join(ROOT, 'src/cli/main.ts');
const SHORT = ['--duration', '50ms', '--json'];

const bench = (...argv: readonly string[]) =>
  finish(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'bench', 'lock', ...argv]);

t.test('every cycle, with one client and with two: all are counted, and no file is left', async (t) => {
  const directory = place(t);
  const { ready } = await Serving.start(t, directory);
  const where = `127.0.0.1:${ready.port}/`;
  const { status, stdout, stderr } = await bench(
    `ours=${where}`,
    '--clients',
    '1,2',
    '--slots',
    '3',
    ...SHORT,
  );
  t.equal(status, 0, stderr);
  const { plan, samples } = JSON.parse(stdout);
  t.equal(plan.durationMs, 50);
  t.equal(samples.length, 2 * WORKLOADS.length);
  for (const { workload, clients, server, perSecond, latencyMs, failure } of samples) {
    t.equal(failure, null, `${workload}, ${clients} clients`);
    t.equal(server, 'ours');
    t.ok(perSecond > 0);
    t.ok(latencyMs.p50 > 0 && latencyMs.p50 <= latencyMs.p99 && latencyMs.p99 <= latencyMs.most);
  }
  t.same(readdirSync(directory), []);
});

const refusal =
  process.getuid?.() !== 0
    ? 'NFS-Ganesha needs root'
    : ganeshaVersion() === null && 'NFS-Ganesha is not there';

t.test('two servers by turns', { skip: refusal }, async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  await ServerProcess.start(t, ganesha(directory, port, { leaseSeconds: 5, graceSeconds: 1 }));
  const { ready } = await Serving.start(t, place(t));
  const servers = [`ours=127.0.0.1:${ready.port}/`, `ganesha=127.0.0.1:${port}/export`];
  const { status, stdout, stderr } = await bench(...servers, '--clients', '1', '--rounds', '2', ...SHORT);
  t.equal(status, 0, stderr);
  const { samples } = JSON.parse(stdout);
  const locks = samples.filter(({ workload }: { workload: string }) => workload === 'lock');
  t.same(
    locks.map(({ server, round }: { server: string; round: number }) => [server, round]),
    [
      ['ours', 1],
      ['ganesha', 1],
      ['ours', 2],
      ['ganesha', 2],
    ],
  );
  t.notOk(samples.some(({ failure }: { failure: string | null }) => failure !== null));
  t.same(readdirSync(path.join(directory, 'export')), []);
});

t.test('a server that cannot be measured is told before any of them is', async (t) => {
  const { ready } = await Serving.start(t, place(t));
  const there = `127.0.0.1:${ready.port}`;
  for (const [where, sentence] of [
    [
      '127.0.0.1:1/',
      /^gracelab: nothing was measured: 127\.0\.0\.1:1: no connection to 127\.0\.0\.1 port 1: .*\n$/,
    ],
    [`${there}/none`, /^gracelab: nothing was measured: .*: LOOKUP of \/none was answered NOENT\.\n$/],
  ] as const) {
    const { status, stdout, stderr } = await bench(`good=${there}/`, where, ...SHORT);
    t.equal(status, 2);
    t.equal(stdout, '');
    t.match(stderr, sentence);
  }
});

t.test('a server that ends under a measurement is told, and that is no result', async (t) => {
  const directory = place(t);
  const serving = await Serving.start(t, directory);
  const where = `127.0.0.1:${serving.ready.port}/`;
  const measured = bench(where, '--only', 'lock', '--clients', '2,1', '--duration', '5m', '--json');
  // The one that only looks whether it is there has one file.
  while (readdirSync(directory).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await serving.end('SIGKILL');
  const { status, stdout } = await measured;
  t.equal(status, 2);
  t.match(JSON.parse(stdout).samples, [
    { clients: 2, perSecond: null, failure: /./ },
    { clients: 1, perSecond: null, failure: /^no connection to 127\.0\.0\.1/ },
  ]);
});

t.test('wrong usage is told before anything is measured', async (t) => {
  for (const [argv, sentence] of [
    [['nowhere'], /HOST:PORT\/PATH/],
    [['a=127.0.0.1:1/', 'a=127.0.0.1:2/'], /two servers are called "a"/],
    [['127.0.0.1:1/', '--only', 'sing'], /There are lock, open/],
    [['127.0.0.1:1/', '--duration', 'soon'], /duration/],
    [[], /server/],
  ] as const) {
    const { status, stdout, stderr } = await bench(...argv);
    t.equal(status, 64, stderr);
    t.equal(stdout, '');
    t.match(stderr, sentence);
  }
});

t.test('an interruption leaves no file', async (t) => {
  const directory = place(t);
  const { ready } = await Serving.start(t, directory);
  const argv = ['--disable-warning=ExperimentalWarning', MAIN, 'bench', 'lock'];
  const where = `127.0.0.1:${ready.port}/`;
  const child = spawn(process.execPath, [
    ...argv,
    where,
    '--only',
    'lock',
    '--clients',
    '2',
    '--duration',
    '10m',
  ]);
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  while (readdirSync(directory).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGINT');
  t.same(await ended, [130, null]);
  t.same(readdirSync(directory), []);
});
