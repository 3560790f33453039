import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { killSandbox, type SandboxIdentity, sandboxLives } from '../../../src/runtime/namespace/sandbox.ts';
import { type Finished, finish, gracelab, ROOT, temporaryDirectory } from './gracelab.ts';

/** On a machine that is busy otherwise; an idle one needs a tenth. */
t.setTimeout(1_700_000);

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
  t.match((await type('why')).stdout, /n1 is paused[:;] let it go on with `gracelab fault start n1`\./);
  t.match(await type('fault', 'start', 'n1'), { status: 0, stdout: 'start: n1: done\n' });
  t.match(await type('fault', 'start', 'n1'), { status: 64, stderr: /n1 is up already/ });
  t.match(await type('fault', 'restart', 'n1'), { status: 0 });
  t.match(await type('fault', 'kill', 'n7'), { status: 64, stderr: /there is no node "n7"/ });
  t.match(await type('fault', 'ledger-gone', 'n1'), {
    status: 64,
    stderr: /n1 is nothing that a ledger-gone can hit/,
  });
  const passing = ['crash', 'n1', '--at', 'before-inherit', '--with', 'patienceMs=50'];
  t.match(await type('fault', ...passing), {
    status: 2,
    stderr: /n1 did not come to before-inherit within 50 ms/,
  });
  t.match(await type('fault', 'reset', 'n1'), { status: 0 });
  t.match((await type('status')).stdout, /The fault reset is in force on n1; end it with/);
  t.match(await type('fault', 'heal'), { status: 0, stdout: /^heal: n1: reset: \d+ segments answered\n$/ });
});

t.test('C6: the clients of a dead node are taken over, and status says by whom', async (t) => {
  const { type, json, runtimeDir } = living(t);
  const file = path.join(runtimeDir, 'lab.yaml');
  writeFileSync(file, 'nodes: 2\nlease: 2s\ngrace: 10s\nclients: {alice: n1}\n');
  t.match(await json('up', '-f', file, '--failover', '50ms'), {
    nodes: [{ address: '10.77.0.11', serviceAddress: '10.77.2.11' }, {}],
  });
  await json('fault', 'power-cut', 'n1', '--stay-down');
  const inherited = async () => (await json('status')).labs[0].nodes[1].node?.carriedAddresses.includes('n1');
  while (!(await inherited()));
  t.match((await type('status')).stdout, /The address of n1 \(10\.77\.2\.11\) leads to n2\./);
  t.match(await type('exec', 'n2', '--', 'ip', '-brief', 'address'), { stdout: /10\.77\.2\.11/ });
});

t.test(
  'row 29: a filesystem goes to another node and comes home, and status says who serves it',
  async (t) => {
    const { type, json, runtimeDir } = living(t);
    const file = path.join(runtimeDir, 'lab.yaml');
    writeFileSync(file, 'nodes: 2\nlease: 2s\ndomains: {home: [n1, n2], work: [n1]}\nclients: {alice: n1}\n');
    await json('up', '-f', file);
    const refused = async (sentence: RegExp, ...argv: string[]) =>
      t.match(await type('fault', ...argv), { status: /^[^0]/, stderr: sentence });
    // Nothing moves while grace runs.
    const calm = async () => {
      while ((await json('why')).inGrace);
    };
    await refused(/say first which filesystem moves: home, work\./, 'migrate', 'n1', 'n2');
    await refused(/n1 and n2 do not both serve work/, 'migrate', 'work', 'n1', 'n2');
    await calm();
    t.match(await type('fault', 'migrate', 'home', 'n1', 'n2'), {
      status: 0,
      stdout: /home of n1 is served by n2/,
    });
    t.match((await type('status')).stdout, /^n2 serves home in place of n1\.$/m);
    await refused(/bring it home to n1 first/, 'migrate', 'home', 'n2', 'n1');
    await calm();
    t.match(await type('fault', 'failback', 'home', 'n1'), {
      status: 0,
      stdout: /home of n1 is served by n1/,
    });
    t.notMatch((await type('status')).stdout, /in place of/);
  },
);

t.test('with a ledger in etcd, nodes can be cut off from it, and say so', async (t) => {
  const { type, json } = living(t);
  const up = await json('up', '--store', 'etcd', '--nodes', '2');
  t.match(up, { store: 'etcd', stores: [{ name: 'e1', running: true }, { name: 'e2' }, { name: 'e3' }] });
  t.match(await type('exec', 'e1', '--', 'hostname'), { stdout: 'e1\n' });
  t.match(await type('fault', 'partition', 'n1'), { status: 64, stderr: /from whom\?/ });
  t.match(await type('fault', 'partition', 'n1', '--from', 'ledger'), {
    status: 0,
    stdout: 'partition: n1: done\n',
  });
  const lost = async () => (await json('status')).labs[0].nodes[0].node?.storeAnswers === false;
  while (!(await lost()));
  const { stdout } = await type('status');
  t.match(stdout, /n1 .* no ledger/);
  t.match(stdout, /n1 has not reached its ledger for .* it grants nothing new\./);
  t.match(stdout, /n1 is cut off from e1, e2 and e3; end it with `gracelab fault heal n1`\./);
  t.match(await type('fault', 'heal'), { status: 0, stdout: 'heal: n1: done\n' });
  while (await lost());
  t.match(await type('fault', 'heal', 'n1'), { status: 64, stderr: /n1: cut off from nobody/ });
  t.match(await type('fault', 'kill', 'store-majority', '--stay-down'), { status: 0 });
  t.match(
    (await json('status')).labs[0].stores.filter(({ running }: { running: boolean }) => !running).length,
    2,
  );
});

t.test('C9: a node that boots while the ledger does not answer waits, and says so', async (t) => {
  const { type, json } = living(t);
  await json('up', '--store', 'etcd', '--nodes', '2');
  await json('fault', 'kill', 'n1', '--stay-down');
  await json('fault', 'partition', 'n1', '--from', 'ledger');
  t.match(await type('fault', 'start', 'n1'), {
    status: 0,
    stdout: /^start: n1: n1 is booting: the ledger does not answer .*\.\n$/,
  });
  t.match((await type('status')).stdout, /n1 .* booting: the ledger does not answer/);
  await json('fault', 'heal', 'n1');
  while (!(await json('status')).labs[0].nodes[0].serving);
  t.equal((await json('status')).labs[0].trouble, null);
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
