/**
 * Mutated requests against a server of our own: a part of what `gracelab fuzz` does in full (docs/robustness.md).
 * GRACELAB_FUZZ_REQUESTS=100000 makes it as many for each line of seeds.txt.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { FuzzReport } from '../../../src/fuzz/report.ts';
import { Serving, type as typed } from '../serve/fixtures/serving.ts';

t.setTimeout(1_700_000);

const CORPUS = path.join(import.meta.dirname, 'corpus');
const REQUESTS = process.env.GRACELAB_FUZZ_REQUESTS;
/** In 64 MB nothing can leak for long; without a limit V8 collects when it pleases. */
const SMALL_HEAP = ['env', 'NODE_OPTIONS=--max-old-space-size=64 --max-semi-space-size=4'];
/** Whatever sizes mutations come to, the disk of the machine is not filled. */
const isRoot = process.geteuid?.() === 0;

interface Line {
  readonly requests: string;
  readonly seed: string;
  readonly version: string;
}

const LINES: readonly Line[] = readFileSync(path.join(CORPUS, 'seeds.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [requests = '', seed = '', version = ''] = line.split(/\s+/);
    return { requests: REQUESTS ?? requests, seed, version };
  });

/** A server whose export is a filesystem of its own, of 256 MB. */
async function boxed(t: Test): Promise<{ serving: Serving; seen: string }> {
  const around = mkdtempSync(path.join(tmpdir(), 'gl-fuzz-'));
  chmodSync(around, 0o755);
  t.teardown(() => rmSync(around, { recursive: true, force: true }));
  const box = ['unshare', '--mount', ...(isRoot ? [] : ['--user', '--map-root-user'])];
  const mounting = [
    ...box,
    'sh',
    '-c',
    `mount -t tmpfs -o size=256m tmpfs '${around}' && mkdir '${around}/x' && exec "$@"`,
    'sh',
  ];
  const within = [...mounting, ...SMALL_HEAP];
  const serving = await Serving.startWithin(t, within, around, '--lease', '10', '--export', '/box');
  return { serving, seen: `/proc/${serving.ready.pid}/root${around}` };
}

t.test('mutated requests: no crash, no hang, no leak, and no lock of anybody else is changed', async (t) => {
  const { serving, seen } = await boxed(t);
  const { address, port, pid } = serving.ready;
  for (const { requests, seed, version } of LINES) {
    const options = ['--requests', requests, '--seed', seed, '--version', version, '--corpus', CORPUS];
    const looking = isRoot ? ['--pid', String(pid), '--memory', '64', '--directory', seen] : [];
    const where = ['--out', path.dirname(serving.ready.state), '--json'];
    const run = await typed('fuzz', `${address}:${port}/box`, ...options, ...looking, ...where);
    const report = JSON.parse(run.stdout || '{}') as Partial<FuzzReport>;
    t.equal(
      run.status,
      0,
      `seed ${seed}: ${JSON.stringify(report.findings?.map(({ what }) => what))} ${run.stderr}`,
    );
    t.equal(report.requests, Number(requests));
    t.ok((report.answered ?? 0) > Number(requests) / 2, `${report.answered} were answered`);
    if (version !== '4.0')
      t.ok((report.entered ?? 0) > Number(requests) / 8, `${report.entered} got into a session`);
    if (isRoot) t.equal(report.kernelLocks, 9);
  }
  t.same(isRoot ? readdirSync(seen) : [], isRoot ? ['x'] : [], 'and nothing is left of it');
  const [code] = await serving.end('SIGTERM');
  t.equal(code, 0, serving.stderr);
});
