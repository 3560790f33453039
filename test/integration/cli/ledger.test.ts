import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { type Finished, gracelab, ROOT, temporaryDirectory } from './gracelab.ts';

/** A lab of its own, with clients: nothing in it ends by a deadline while the test runs. */
async function living(t: Test, file = 'lease: 10m\ngrace: 10m\nclients: {alice: n1, bob: n1, carol: n2}\n') {
  const runtimeDir = temporaryDirectory(t);
  const env = { ...process.env, XDG_RUNTIME_DIR: runtimeDir };
  const type = (...argv: string[]): Promise<Finished> => gracelab(argv, env);
  t.teardown(() => type('down', '--all'));
  const json = async (...argv: string[]) => {
    const { status, stdout, stderr } = await type(...argv, '--json');
    t.equal(status, 0, `${argv.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  };
  const lab = path.join(runtimeDir, 'lab.yaml');
  writeFileSync(lab, file);
  t.match(await type('up', '-f', lab), { status: 0 });
  /** Asks again and again until it says so. */
  const why = async (
    so: (said: { inGrace: boolean; domains: readonly [{ unacknowledged: readonly string[] }] }) => boolean,
  ) => {
    for (;;) {
      const said = await json('why');
      if (so(said)) return said;
    }
  };
  const ledger = async () => (await json('ledger', 'show')).ledgers[0].ledger;
  return { env, type, json, ledger, why };
}

/** Types a line on a terminal when it is asked for. */
function onTerminal(argv: readonly string[], answer: string, env: NodeJS.ProcessEnv): Promise<Finished> {
  const command = [process.execPath, path.join(ROOT, 'src/bootstrap/gracelab.cjs'), ...argv].map(
    (word) => `'${word}'`,
  );
  const child = spawn('script', ['-q', '-e', '-c', command.join(' '), '/dev/null'], { cwd: ROOT, env });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const asked = !stdout.includes(' to do that: ');
    stdout += text;
    if (asked && stdout.includes(' to do that: ')) child.stdin.write(answer);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr: '' }));
  });
}

t.test('a node whose power was cut: why, give its clients up, retire it', async (t) => {
  const { type, json, ledger, why } = await living(t);
  t.match(await type('ledger'), {
    status: 0,
    stdout: /No grace .*\n {2}n1 +1 +up +lit .*n1 +alice, bob\n +n2 +carol/s,
  });
  await type('fault', 'power-cut', 'n1', '--stay-down');

  const past = await why((said) => said.inGrace && said.domains[0].unacknowledged.length === 0);
  t.match(past, {
    domains: [{ outstanding: { n1: ['alice', 'bob'] }, latestEndInMs: Number }],
  });
  t.match(
    past.sentences.join('\n'),
    /alice and bob of n1 may reclaim, and nobody is there to reclaim from: n1 is down/,
  );
  t.match(past.remedies, [/fault start n1.*`gracelab ledger abandon n1` \(alice and bob would lose/]);
  t.match(await type('ledger', 'show'), {
    stdout: /Past the barrier: clients of n1 may reclaim.*\n {2}n1 +1 +down +out +- +open/s,
  });

  t.match(await type('ledger', 'retire', 'n1', '--yes'), {
    status: 64,
    stderr: /clients of n1 may still reclaim \(alice and bob\)/,
  });
  const asked = await type('ledger', 'abandon', 'n1');
  t.match(asked, { status: 64, stderr: /alice and bob lose their chance.*Grace ends with it.*add --yes/s });
  t.equal((await ledger()).members.n1.claims, 'open');

  t.match(await json('ledger', 'abandon', 'n1', '--yes'), {
    byUs: true,
    inGrace: false,
    lostTheirChance: { n1: ['alice', 'bob'] },
  });
  t.match(await json('why'), { inGrace: false });
  t.match(await type('ledger', 'abandon', 'n1', '--yes'), {
    status: 64,
    stderr: /the cluster is not in grace/,
  });
  t.match(await type('ledger', 'retire', 'n1', '--yes'), { status: 0, stdout: /^n1 is no member any more/ });
  t.same(Object.keys((await ledger()).members), ['n2', 'n3']);
  t.match(await type('logs', 'operator'), {
    status: 0,
    stdout: / abandon n1: view 7\n.* ledger abandon .*\n.* retire n1: view 8\n/,
  });
});

t.test('what the rules refuse is refused, and changes nothing', async (t) => {
  const { type, ledger, why } = await living(t);
  const before = await ledger();
  t.match(await type('ledger', 'declare-dead', 'n1', '--yes'), {
    status: 64,
    stderr: /n1 is alive: the beacon of life 1 is lit.*gracelab fault kill n1/,
  });
  t.match(await type('ledger', 'retire', 'n1', '--yes'), {
    status: 64,
    stderr: /n1 \(life 1\) is a serving member/,
  });
  t.match(await type('ledger', 'admit', 'n1', '--yes'), { status: 64, stderr: /n1 is a member already/ });
  t.match(await type('ledger', 'admit', 'N4', '--yes'), { status: 64, stderr: /"N4" is no name for a node/ });
  t.match(await type('ledger', 'retire', 'n9', '--yes'), { status: 64, stderr: /n9 is no member/ });
  t.match(await type('ledger', '--domain', 'other'), {
    status: 64,
    stderr: /there is no lock domain "other"/,
  });
  t.match(await type('ledger', '--prefix', 'a'), { status: 64, stderr: /--prefix goes with --store/ });
  t.same(await ledger(), before);

  // A paused node cannot acknowledge, so the barrier is not reached.
  await type('fault', 'pause', 'n3', '--stay-down');
  await type('fault', 'power-cut', 'n1', '--stay-down');
  const waits = await why(
    ({ inGrace, domains: [domain] }) => inGrace && domain.unacknowledged.join() === 'n3',
  );
  t.match(waits, {
    domains: [{ unacknowledged: ['n3'], awaitedNodes: [{ node: 'n3', fencedBy: 'n2' }] }],
  });
  t.match(waits.sentences.join('\n'), /has waited for .* for n3 to acknowledge view 6, and it is paused/);
  t.match(await type('ledger', 'abandon', 'n1', '--yes'), {
    status: 64,
    stderr:
      /n3 has not acknowledged view 6 .*`gracelab fault start n3`.*`gracelab fault kill n3 --stay-down`/,
  });
  t.match(await type('ledger', 'declare-dead', 'n3', '--yes'), { status: 64, stderr: /n3 is alive/ });
  t.equal((await ledger()).members.n1.claims, 'open');
});

t.test('a member that is admitted by name is down until it boots', async (t) => {
  const { type, ledger } = await living(t);
  t.match(await type('ledger', 'admit', 'n4', '--yes'), { status: 0, stdout: /^n4 is a member \(view 6\)/ });
  t.match((await ledger()).members.n4, { state: 'down', claims: 'closed', incarnation: 0 });
  t.match(await type('ledger'), { stdout: /\n {2}n4 +never booted +down +- / });
});

t.test('all nodes are down: the ledger says why, and a person can end the grace', async (t) => {
  const { env, type, json, ledger } = await living(t);
  await type('fault', 'power-cut', 'all', '--stay-down');
  const why = await json('why');
  t.same(why.domains[0].unnoticed.length > 0, true, 'somebody died last, and nobody was left to notice');
  for (const node of why.domains[0].unnoticed)
    t.match(await type('ledger', 'declare-dead', node, '--yes'), { status: 0, stderr: /Its beacon is out/ });
  t.match(await json('why'), { inGrace: true, sentences: [/in grace/] });

  const wrong = await onTerminal(['ledger', 'abandon', 'n1'], 'n2\n', env);
  t.match(wrong, {
    status: 64,
    stdout: /alice and bob lose.*Type n1 to do that: .*nothing was changed: that was not "n1"/s,
  });
  const gone = await onTerminal(['ledger', 'abandon', 'n1'], '\u0003', env);
  t.match(gone, { status: 130, stdout: /nothing was changed/ });
  t.equal((await ledger()).members.n1.claims, 'open');
  t.match(await onTerminal(['ledger', 'abandon', 'n1'], 'n1\n', env), {
    status: 0,
    stdout: /n1 is waited for no longer/,
  });
  t.match(await type('ledger', 'abandon', 'n2', '--yes'), { status: 0 });
  t.match(await type('ledger', 'abandon', 'n3', '--yes'), { status: 0, stderr: /Grace ends with it/ });
  t.match(await json('why'), { inGrace: false });
});
