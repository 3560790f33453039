import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { killSandbox, type SandboxIdentity, sandboxLives } from '../../../src/runtime/namespace/sandbox.ts';
import { type Finished, finish, gracelab, ROOT, temporaryDirectory } from './gracelab.ts';

/** The command line with a place for labs of its own, so that labs of this user are not touched. */
function living(t: Test) {
  const runtimeDir = temporaryDirectory(t);
  const env = { ...process.env, XDG_RUNTIME_DIR: runtimeDir };
  const type = (...argv: string[]): Promise<Finished> => gracelab(argv, env);
  t.teardown(() => type('down', '--all'));
  const json = async (...argv: string[]) => {
    const { status, stdout, stderr } = await type(...argv, '--json');
    t.equal(status, 0, `${argv.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  };
  const places = path.join(runtimeDir, 'gracelab');
  const identity = (name: string): SandboxIdentity =>
    JSON.parse(readFileSync(path.join(places, name, 'identity.json'), 'utf8'));
  return { runtimeDir, type, json, places, identity };
}

t.test('a lab is up until it is taken down, and then nothing of it is left', async (t) => {
  const { type, json, places, identity } = living(t);
  const up = await json('up', '--name', 'a', '--nodes', '2');
  t.match(up, {
    name: 'a',
    leaseMs: 90_000,
    nodes: [
      { name: 'n1', serving: true },
      { name: 'n2', serving: true },
    ],
  });
  const sandbox = identity('a');
  t.equal(sandboxLives(sandbox), true, 'it outlives the command that started it');

  t.match(await json('status'), { labs: [{ name: 'a' }] });
  t.match(await type('exec', 'n1', '--', 'hostname'), { status: 0, stdout: 'n1\n' });
  t.match(await type('exec', 'n1', '--', 'sh', '-c', 'exit 42'), { status: 42 });
  t.match(await type('exec', 'n9', '--', 'true'), {
    status: 64,
    stderr: /there is no "n9" in this lab; there are n1, n2/,
  });
  t.match(await type('logs', 'n1'), { status: 0, stdout: /serving/ });
  t.match(await json('why'), { inGrace: Boolean, sentences: [/The cluster is/] });

  t.match(await type('down'), { status: 0, stdout: 'a: down\n' });
  t.equal(sandboxLives(sandbox), false);
  t.equal(existsSync(places), false);
  t.match(await type('down'), { status: 64, stderr: /no lab is up/ });
});

t.test('a fault hits a node of the lab, and a node that stays down is booted again', async (t) => {
  const { type, json } = living(t);
  await json('up', '--nodes', '2');
  t.match(await type('fault', 'power-cut', 'n1', '--stay-down'), {
    status: 0,
    stdout: 'power-cut: n1: done\n',
  });
  t.match((await json('status')).labs[0].nodes, [
    { name: 'n1', running: false },
    { name: 'n2', running: true },
  ]);
  t.match(await type('exec', 'n1', '--', 'true'), { status: 64, stderr: /n1 is down; boot it with/ });
  t.match(await type('fault', 'start', 'n1'), { status: 0 });
  t.match((await json('status')).labs[0].nodes, [
    { name: 'n1', serving: true },
    { name: 'n2', serving: true },
  ]);
  t.match(await type('fault', 'pause', 'n1', '--stay-down'), { status: 0 });
  t.match(await type('fault', 'restart', 'n1'), { status: 64, stderr: /n1 is paused.*\.\n$/ });
  t.match((await json('status')).labs[0].nodes, [
    { name: 'n1', paused: true, node: null },
    { paused: false },
  ]);
  t.match((await type('status')).stdout, /n1 .* paused\n/);
  t.match((await type('why')).stdout, /n1 is paused; let it go on with `gracelab fault start n1`\./);
  t.match(await type('fault', 'start', 'n1'), { status: 0, stdout: 'start: n1: done\n' });
  t.match(await type('fault', 'start', 'n1'), { status: 64, stderr: /n1 is up already/ });
  t.match(await type('fault', 'restart', 'n1'), { status: 0 });
  t.match(await type('fault', 'kill', 'n7'), { status: 64, stderr: /there is no node "n7"/ });
});

t.test('two labs are up beside each other, each with its own network', async (t) => {
  const { type, json } = living(t);
  await json('up', '--name', 'a', '--nodes', '1');
  await json('up', '--name', 'b', '--nodes', '1');
  t.match(await type('up', '--name', 'a'), { status: 64, stderr: /"a" is up already/ });
  t.match(await type('why'), { status: 64, stderr: /several labs are up \(a, b\)/ });
  t.match(await json('down', '--name', 'a'), { down: ['a'] });
  t.match((await json('status')).labs, [{ name: 'b', nodes: [{ serving: true }] }]);
});

t.test('a lab that was killed leaves a directory, which the next command removes', async (t) => {
  const { json, places, identity } = living(t);
  await json('up', '--name', 'a', '--nodes', '1');
  killSandbox(identity('a'));
  t.equal(existsSync(path.join(places, 'a')), true);
  t.strictSame(await json('status'), { labs: [] });
  t.equal(existsSync(path.join(places, 'a')), false);
});

t.test('a lab file says what the lab consists of; its clients are there as well', async (t) => {
  const { runtimeDir, type, json } = living(t);
  const file = path.join(runtimeDir, 'lab.yaml');
  writeFileSync(file, 'name: play\nnodes: [a]\nlease: 1s\ngrace: 2s\nclients: {alice: a}\n');
  t.match(await json('up', '-f', file), {
    name: 'play',
    leaseMs: 1000,
    graceMs: 2000,
    clients: [{ name: 'alice', node: 'a' }],
  });
  t.match(await type('exec', 'alice', '--', 'hostname'), { status: 0, stdout: 'alice\n' });
});

t.test('a full disk is told in one sentence, and nothing is left on it', async (t) => {
  // A mount namespace of its own: the full disk goes with it.
  const script = `
    mount -t tmpfs -o size=4k tmpfs "$XDG_RUNTIME_DIR" && head -c 4096 /dev/zero >"$XDG_RUNTIME_DIR/filling"
    "$@"; status=$?; ls "$XDG_RUNTIME_DIR"; exit $status`;
  const program = [process.execPath, path.join(ROOT, 'src/bootstrap/gracelab.cjs'), 'up', '--nodes', '1'];
  const env = { ...process.env, XDG_RUNTIME_DIR: temporaryDirectory(t) };
  const { status, stdout, stderr } = await finish(
    'unshare',
    ['-Urm', 'sh', '-c', script, 'sh', ...program],
    env,
  );
  t.equal(status, 3, stderr);
  t.match(stderr, /^gracelab: the disk is full; .* XDG_RUNTIME_DIR .*\.\n$/);
  t.equal(stdout, 'filling\n');
});
