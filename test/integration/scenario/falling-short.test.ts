import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { finish, gracelab, ROOT, temporaryDirectory } from '../cli/gracelab.ts';

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(1_700_000);

const HEAD = 'name: short\ntitle: Falls short\ncluster: { nodes: 1 }\nclients: { alice: n1 }\n';

function scenarioFile(t: Test, rest: string): { file: string; out: string } {
  const directory = temporaryDirectory(t);
  const file = path.join(directory, 'short.yaml');
  writeFileSync(file, HEAD + rest);
  return { file, out: path.join(directory, 'runs') };
}

t.test('a step that ends otherwise than expected ends the run as unknown, and says which', async (t) => {
  const { file, out } = scenarioFile(
    t,
    'steps:\n  - lock: alice a 0..8\n    expect: DENIED\n  - wait: 50ms\n',
  );
  const { status, stdout } = await gracelab(['run', file, '--out', out, '--json']);
  t.equal(status, 2);
  const [run] = JSON.parse(stdout).scenarios;
  t.equal(run.failure, '"lock: alice a 0..8" was to end with DENIED and ended with OK');
  t.equal(run.verdict.verdict, 'unknown');
  t.equal(run.verdict.reasons[0], run.failure);
  t.ok(existsSync(path.join(out, 'latest', 'history.jsonl')), 'what was seen is kept');
});

t.test('a run that does not end by itself ends at its deadline', async (t) => {
  const { file, out } = scenarioFile(t, 'deadline: 4s\nsteps:\n  - wait: 1m\n');
  const { status, stdout } = await gracelab(['run', file, '--out', out, '--json']);
  t.equal(status, 2);
  t.match(JSON.parse(stdout).scenarios[0].failure, /^the run was not over after its deadline of 4000 ms/);
});

t.test('a run folder that cannot be made is told in one sentence', async (t) => {
  const { file, out } = scenarioFile(t, 'steps:\n  - wait: 1ms\n');
  writeFileSync(out, 'a file');
  const { status, stdout, stderr } = await gracelab(['run', file, '--out', out]);
  t.equal(status, 3);
  t.equal(stdout, '');
  t.match(stderr, /^gracelab: cannot write .*short: .*; choose another place with --out.*\n$/);
});

t.test('a disk that fills up is told in one sentence, and nothing of the run is left', async (t) => {
  const { file } = scenarioFile(t, 'steps:\n  - { loop: alice a 0..8, as: busy }\n  - wait: 10s\n');
  const disk = path.join(temporaryDirectory(t), 'disk');
  mkdirSync(disk);
  // A mount namespace of its own: the full disk goes with it.
  const command =
    'mount -t tmpfs -o size=128k tmpfs "$1" && shift && "$@"; status=$?; ls -A "$0"; exit $status';
  const run = [
    process.execPath,
    path.join(ROOT, 'src/bootstrap/gracelab.cjs'),
    'run',
    file,
    '--out',
    path.join(disk, 'runs'),
  ];
  const { status, stdout, stderr } = await finish('unshare', [
    '-Urm',
    'sh',
    '-c',
    command,
    disk,
    disk,
    ...run,
  ]);
  t.equal(status, 3, stderr);
  t.equal(stdout, '', 'the disk is empty again');
  t.match(stderr, /^gracelab: .*the disk is full; choose another place with --out.*\n$/);
});

t.test('an interrupted run leaves nothing', async (t) => {
  const { file, out } = scenarioFile(t, 'steps:\n  - wait: 1m\n');
  mkdirSync(out);
  const child = spawn(
    process.execPath,
    [path.join(ROOT, 'src/bootstrap/gracelab.cjs'), 'run', file, '--out', out],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const history = () => existsSync(path.join(out, 'short'));
  while (!history()) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGINT');
  const status = await new Promise((resolve) => child.once('close', resolve));
  t.not(status, 0);
  t.strictSame(readdirSync(out), []);
});

t.test('a run that was killed can be judged as far as it got', async (t) => {
  const { file, out } = scenarioFile(t, 'steps:\n  - lock: alice a 0..8\n  - wait: 1m\n');
  const command = path.join(ROOT, 'src/bootstrap/gracelab.cjs');
  const child = spawn(process.execPath, [command, 'run', file, '--out', out], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const folders = path.join(out, 'short');
  const history = () => path.join(folders, readdirSync(folders)[0] ?? '', 'history.jsonl');
  const begun = () => existsSync(folders) && existsSync(history()) && statSync(history()).size > 0;
  while (!begun()) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  await ended;
  const { status, stdout } = await gracelab(['check', path.dirname(history()), '--json']);
  t.equal(status, 2);
  t.match(JSON.parse(stdout).reasons, ['the run was cut off before its end']);
});
