/** Rows 27 to 30 against labs of two nodes: an address of theirs is moved while its clients look on, and in another lab a filesystem. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { gracelab, ROOT, temporaryDirectory } from '../cli/gracelab.ts';
import type { RowReport } from './server-process.ts';

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(1_700_000);

/** What is asked for by a helper inside, where no lab can be told anything, is done from outside: one FIFO each way, and who hands on. */
const helperKnowing = (verbs: readonly string[]): string =>
  [
    '#!/bin/sh',
    `case "$1" in ${verbs.join('|')}) ;; *) exit 64 ;; esac`,
    'echo "$1" >/run/asked && read -r done </run/done && [ "$done" = done ]',
  ].join('\n');
const HANDING_ON = [
  'mkfifo /run/asked /run/done && printf "%s" "$1" >/run/helper && chmod +x /run/helper && echo ready',
  'while read -r verb </run/asked; do echo "$verb"; read -r done; echo "$done" >/run/done; done',
].join('\n');
/** Who asks is on no node: a connection to an address of its own would be lost when that moves. */
const OUTSIDER = 'alice';
const GRACELAB = path.join(ROOT, 'src/bootstrap/gracelab.cjs');
const MAIN = path.join(ROOT, 'src/cli/main.ts');

interface LabUnderTest {
  readonly file: string;
  /** What is tested, below the root of n1. */
  readonly path: string;
  readonly rows: string;
  /** What `gracelab fault` is told at each verb of the helper, in turns. */
  readonly faults: Readonly<Record<string, readonly (readonly string[])[]>>;
}

/** What `gracelab conformance`, inside, says of each row. */
async function reportOf(t: Test, lab: LabUnderTest): Promise<readonly RowReport[]> {
  const directory = temporaryDirectory(t);
  const env = { ...process.env, XDG_RUNTIME_DIR: directory };
  const type = async (...argv: string[]) => {
    const finished = await gracelab(argv, env);
    t.equal(finished.status, 0, `${argv.join(' ')}: ${finished.stderr}`);
    return finished.stdout;
  };
  t.teardown(() => gracelab(['down', '--all'], env));
  const file = path.join(directory, 'lab.yaml');
  writeFileSync(file, lab.file);
  await type('up', '-f', file);
  const inside = ['exec', OUTSIDER, '--'];
  const helper = helperKnowing(Object.keys(lab.faults));
  const handing = spawn(process.execPath, [GRACELAB, ...inside, 'sh', '-c', HANDING_ON, 'sh', helper], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.teardown(() => handing.kill());
  const asked = createInterface({ input: handing.stdout })[Symbol.asyncIterator]();
  t.equal((await asked.next()).value, 'ready');
  const faults = new Map(Object.entries(lab.faults).map(([verb, each]) => [verb, [...each]]));
  const obeying = async (): Promise<never> => {
    for (;;) {
      const next = await asked.next();
      if (next.done) throw new Error('who hands on has gone');
      const turns = faults.get(next.value) ?? [];
      const fault = turns.shift() ?? [];
      turns.push(fault);
      // No filesystem moves while grace runs: the run asks again.
      const { status } = await gracelab(['fault', ...fault], env);
      handing.stdin.write(status === 0 ? 'done\n' : 'failed\n');
    }
  };
  const judging = type(
    ...inside,
    ...[process.execPath, '--disable-warning=ExperimentalWarning', MAIN, 'conformance'],
    ...[`10.77.2.11:2049${lab.path}`, '--peer', '10.77.2.12:2049', '--rows', lab.rows],
    ...['--helper', '/run/helper', '--json'],
  );
  const report = await Promise.race([judging, obeying()]);
  return JSON.parse(report).rows;
}

t.test('rows 27 and 28: an address that moves as planned, and comes back', async (t) => {
  const rows = await reportOf(t, {
    file: 'nodes: 2\nclients: {alice: n2}\nlease: 5s\ngrace: 5s\n',
    path: '/',
    rows: '27,28',
    // Once in version 4.1, and back in 4.2.
    faults: {
      migrate: [
        ['migrate', 'n1', 'n2'],
        ['failback', 'n1'],
      ],
    },
  });
  t.match(rows, [
    { row: 27, outcome: 'pass' },
    { row: 28, outcome: 'pass' },
  ]);
});

t.test('rows 29 and 30: a filesystem that moves as planned, and comes back', async (t) => {
  const rows = await reportOf(t, {
    file: 'nodes: 2\nclients: {alice: n2}\nlease: 5s\ngrace: 5s\ndomains: {home: [n1, n2], work: [n1, n2]}\n',
    path: '/home',
    rows: '29,30',
    faults: {
      'move-export': [['migrate', 'home', 'n1', 'n2']],
      'return-export': [['failback', 'home', 'n1']],
    },
  });
  t.match(rows, [
    {
      row: 29,
      outcome: 'pass',
      detail: '',
      tests: [{ version: '4.1' }, { version: '4.2' }, { version: '4.0' }],
    },
    { row: 30, outcome: 'pass', detail: '', tests: [{ version: '4.1' }, { version: '4.2' }] },
  ]);
});
