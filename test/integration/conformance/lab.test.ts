/** Rows 27 and 28 against a lab of two nodes: an address of theirs is moved while its clients look on. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gracelab, ROOT, temporaryDirectory } from '../cli/gracelab.ts';

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(300_000);

/** What is asked for by a helper inside, where no lab can be told anything, is done from outside: one FIFO each way. */
const HELPER = [
  '#!/bin/sh',
  '[ "$1" = migrate ] || exit 64',
  'echo "$1" >/run/asked && read -r done </run/done',
].join('\n');
const MAIN = path.join(ROOT, 'src/cli/main.ts');

t.test('row 28: an address that moves as planned, and comes back', async (t) => {
  const directory = temporaryDirectory(t);
  const env = { ...process.env, XDG_RUNTIME_DIR: directory };
  const type = async (...argv: string[]) => {
    const finished = await gracelab(argv, env);
    t.equal(finished.status, 0, `${argv.join(' ')}: ${finished.stderr}`);
    return finished.stdout;
  };
  t.teardown(() => gracelab(['down', '--all'], env));
  const file = path.join(directory, 'lab.yaml');
  writeFileSync(file, 'nodes: 2\nlease: 2s\ngrace: 4s\n');
  await type('up', '-f', file);
  const inside = (...argv: string[]) => type('exec', 'n2', '--', ...argv);
  await inside(
    'sh',
    '-c',
    'mkfifo /run/asked /run/done && printf "%s" "$1" >/run/helper && chmod +x /run/helper',
    'sh',
    HELPER,
  );
  // Once in version 4.1, and back in 4.2.
  const moves = async () => {
    for (const move of [
      ['migrate', 'n1', 'n2'],
      ['failback', 'n1'],
    ]) {
      await inside('cat', '/run/asked');
      await type('fault', ...move);
      await inside('sh', '-c', 'echo done >/run/done');
    }
  };
  const judged = inside(
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    MAIN,
    'conformance',
    '10.77.2.11:2049/',
    '--peer',
    '10.77.2.12:2049',
    '--rows',
    '27,28',
    '--helper',
    '/run/helper',
    '--json',
  );
  const [report] = await Promise.all([judged, moves()]);
  const { rows } = JSON.parse(report);
  t.match(rows, [
    { row: 27, outcome: 'pass' },
    { row: 28, outcome: 'pass' },
  ]);
});
