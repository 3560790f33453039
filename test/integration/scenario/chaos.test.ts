import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import type { CheckResult } from '../../../src/check/verdict.ts';
import { gracelab, temporaryDirectory } from '../cli/gracelab.ts';

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(1_700_000);

const SMALL = ['--nodes', '3', '--for', '2s', '--workloads', 'mixed,guarded,upgrade'];

t.test('a short random schedule runs to a verdict, and leaves itself as a scenario', async (t) => {
  const out = temporaryDirectory(t);
  const argv = ['chaos', '--seed', '11', ...SMALL, '--faults', 'power-cut,kill', '--out', out];
  const { status, stdout } = await gracelab([...argv, '--json']);
  t.equal(status, 0);
  const { seed, folder, verdict } = JSON.parse(stdout);
  t.equal(seed, 11);
  t.match(verdict, { verdict: 'valid', seed: 11, scenario: 'chaos-11' });
  for (const state of ['fault', 'grace', 'guarded-writes'])
    t.ok(verdict.coverage[state] >= 1, `${state}: ${verdict.coverage[state]}`);
  const left = await readFile(path.join(folder, 'scenario.yaml'), 'utf8');
  const told = await gracelab([...argv, '--schedule']);
  t.equal(told.stdout, left, 'the same seed gives the same schedule');
});

t.test('D12: a survivor that grants a dead node’s lock is found, seed after seed if need be', async (t) => {
  const out = temporaryDirectory(t);
  const small = ['--nodes', '3', '--for', '6s', '--faults', 'power-cut', '--workloads', 'guarded'];
  const argv = [
    'chaos',
    '--until-failure',
    '--seed',
    '3',
    ...small,
    '--mutant',
    'D12',
    '--out',
    out,
    '--json',
  ];
  const { status, stdout } = await gracelab(argv);
  t.equal(status, 1);
  const { seed, runs, verdict } = JSON.parse(stdout);
  t.equal(seed, 3 + runs - 1);
  const checks: readonly CheckResult[] = verdict.checks;
  const broken = checks.filter((check) => check.verdict === 'violation').map(({ name }) => name);
  t.ok(broken.includes('no-theft') || broken.includes('guarded-data'), broken.join(', '));
});

t.test('a seed is drawn and told where none is given; what cannot be is refused', async (t) => {
  const { status, stdout } = await gracelab(['chaos', ...SMALL, '--schedule']);
  t.equal(status, 0);
  t.match(stdout, /^name: chaos-\d+$/m);
  t.match(await gracelab(['chaos', '--faults', 'earthquake']), { status: 64, stderr: /Known are power-cut/ });
  t.match(await gracelab(['chaos', '--faults', 'cut-ledger']), { status: 64, stderr: /--store etcd/ });
  t.match(await gracelab(['chaos', '--for', '1ms']), { status: 64, stderr: /from 1s to 5m/ });
});
