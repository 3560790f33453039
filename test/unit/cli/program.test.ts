import path from 'node:path';
import t, { type Test } from 'tap';
import { gracelab } from './capture.ts';

/** A person's mistake is answered by one sentence on stderr, and by nothing on stdout. */
async function refusal(t: Test, argv: readonly string[], status: number, sentence: RegExp): Promise<void> {
  const { status: actual, stdout, stderr } = await gracelab(argv);
  t.equal(actual, status);
  t.match(stderr, sentence);
  t.equal(stderr.trimEnd().split('\n').length, 1, 'one line');
  t.notMatch(stderr, /\bat .*:\d+/, 'no stack trace');
  t.equal(stdout, '');
}

t.test('wrong usage: an unknown command', (t) =>
  refusal(t, ['docto'], 64, /unknown command 'docto' \(Did you mean doctor\?\)/),
);
t.test('wrong usage: an unknown option', (t) =>
  refusal(t, ['run', '--sed', '1'], 64, /unknown option '--sed'.*; see gracelab run --help\.$/m),
);
t.test('wrong usage: a command below another one', (t) =>
  refusal(t, ['bench', 'lock', 'nowhere'], 64, /; see gracelab bench lock --help\.$/m),
);
t.test('wrong usage: a schedule that nobody runs has no verdict', (t) =>
  refusal(t, ['chaos', '--schedule', '--tap'], 64, /no verdict for --tap/),
);
t.test('wrong usage: findings that have no place to go', (t) =>
  refusal(t, ['fuzz', '127.0.0.1:1/', '--out', '/nonexistent'], 64, /--out \/nonexistent is not a directory/),
);
t.test('wrong usage: a scenario that does not exist', (t) =>
  refusal(t, ['run', 'nope'], 64, /no scenario "nope"; there are .*reboot/),
);
t.test('wrong usage: a scenario file that does not exist', (t) =>
  refusal(t, ['run', './nope.yaml'], 64, /nope\.yaml: there is no such file/),
);
t.test('wrong usage: a runtime that is not there', (t) =>
  refusal(t, ['run', '--runtime', 'docker'], 64, /choices are namespace/),
);
t.test('wrong usage: a server that is not there', (t) =>
  refusal(t, ['run', '--server', 'knfsd'], 64, /choices are gracelab/),
);
t.test('wrong usage: an unknown mutant', (t) =>
  refusal(t, ['run', '--mutant', 'D99'], 64, /'D99' is invalid\..*D9/),
);
t.test('wrong usage: a seed that is no number', (t) =>
  refusal(t, ['run', '--seed', '1e3'], 64, /whole number from 0 to 4294967295/),
);
t.test('wrong usage: fewer nodes than the scenario names', (t) =>
  refusal(t, ['run', '--nodes', '1', 'reboot'], 64, /names 3 nodes/),
);
t.test('wrong usage: a mutant in a lab that stays up', (t) =>
  refusal(t, ['up', '--mutant', 'D9'], 64, /the real product only/),
);
t.test('wrong usage: a benchmark of grace with nobody to survive', (t) =>
  refusal(
    t,
    ['bench', 'grace', '--nodes', '3,1'],
    64,
    /'3,1' is invalid\. It must be a whole number from 2 to/,
  ),
);
t.test('wrong usage: a benchmark with a store that there is not', (t) =>
  refusal(t, ['bench', 'grace', '--store', 'sqlite,redis'], 64, /A store is sqlite or etcd/),
);
t.test('wrong usage: an unknown benchmark', (t) =>
  refusal(t, ['bench', 'gravity'], 64, /no benchmark "gravity"; there are check, grace, lock/),
);
t.test('wrong usage: an unknown fault', (t) =>
  refusal(t, ['fault', 'flood', 'n1'], 64, /no fault "flood"; there are power-cut/),
);

t.test('wrong usage: a fault of nobody names one whom it can hit', async (t) => {
  await refusal(t, ['fault', 'kill'], 64, /Name a node: `gracelab fault kill n1`/);
  await refusal(t, ['fault', 'client-crash'], 64, /Name a client: `gracelab fault client-crash alice`/);
  await refusal(t, ['fault', 'ledger-gone'], 64, /Name a ledger: `gracelab fault ledger-gone ledger`/);
});
t.test('wrong usage: a pause without an end', (t) =>
  refusal(t, ['fault', 'pause', 'n1'], 64, /how long is the pause\? Add --down 5s, or --stay-down/),
);
t.test('wrong usage: options of exec behind the node', (t) =>
  refusal(t, ['exec', 'n1', '--name', 'a', '--', 'true'], 64, /--name.* before the node/),
);
t.test('wrong usage: a file that is no run folder', (t) =>
  refusal(t, ['check', path.join(t.testdir({ file: '' }), 'file')], 64, /file is not a run folder/),
);
t.test('wrong usage: a history that is not there', (t) =>
  refusal(
    t,
    ['check', path.join(t.testdir(), 'mine.jsonl')],
    64,
    /mine\.jsonl is not there; name a run folder/,
  ),
);
t.test('wrong usage: a run folder whose topology is of something else', (t) =>
  refusal(t, ['check', t.testdir({ 'topology.json': '{}' })], 64, /topology\.json does not describe a run/),
);

const TOPOLOGY = JSON.stringify({
  scenario: {
    name: 'x',
    cluster: { nodes: ['n1'], leaseMs: 1000, graceMs: 2000 },
    expect: { checks: [], coverage: {} },
  },
  seed: 1,
  runtime: 'namespace',
  server: 'gracelab',
  filesystem: 'tmpfs',
});
for (const [what, content, sentence] of [
  ['missing', {}, /history\.jsonl cannot be read: there is no such file\.\n$/],
  ['a directory', { 'history.jsonl': {} }, /history\.jsonl cannot be read: it is a directory\.\n$/],
] as const)
  t.test(`unknown: a run whose history is ${what}`, (t) =>
    refusal(t, ['check', t.testdir({ 'topology.json': TOPOLOGY, ...content })], 2, sentence),
  );
t.test('wrong usage: a run folder whose topology is a directory, or no JSON', async (t) => {
  await refusal(
    t,
    ['check', t.testdir({ 'topology.json': {} })],
    64,
    /cannot be read: it is a directory\.\n$/,
  );
  await refusal(t, ['check', t.testdir({ 'topology.json': '{' })], 64, /topology\.json is not JSON/);
});

t.test('the bounds of the model are told in the words of its options', async (t) => {
  const bounds = async (...argv: string[]) => (await gracelab(['model', ...argv])).stdout.split('\n')[0];
  t.equal(
    await bounds('--nodes', '1', '--clients', '1', '--faults', '1', '--heirs', '0', '--lost-answers', '1'),
    '1 node, 1 client, 1 crash, 1 lost answer',
  );
  t.equal(
    await bounds(
      '--nodes',
      '2',
      '--clients',
      '1',
      '--faults',
      '2',
      '--memberships',
      '1',
      '--max-states',
      '1',
    ),
    '2 nodes, 1 client, 2 crashes, 2 takeovers, 1 change of members',
  );
});

t.test('what nobody foresaw is one sentence too, and no verdict', async (t) => {
  const drawSeed = () => {
    throw new Error('boom');
  };
  t.match(await gracelab(['run', 'reboot'], process.env, drawSeed), {
    status: 2,
    stdout: '',
    stderr: /^gracelab: boom; this should not happen, and GRACELAB_DEBUG=1 shows where it did\.\n$/,
  });
});

t.test('help is an answer, not an error', async (t) => {
  const { status, stdout, stderr } = await gracelab(['--help']);
  t.equal(status, 0);
  t.match(stdout, /Usage: gracelab/);
  t.equal(stderr, '');
});

t.test('without arguments there is help', async (t) => {
  t.match(await gracelab([]), { status: 0, stdout: /Usage: gracelab/ });
});

t.test('GRACELAB_DEBUG=1 shows where a refusal comes from', async (t) => {
  const { stderr } = await gracelab(['run', 'nope'], { ...process.env, GRACELAB_DEBUG: '1' });
  t.match(stderr, /\n\s+at /);
});

t.test('doctor --json is one JSON document whose verdict is the exit status', async (t) => {
  const { status, stdout } = await gracelab(['doctor', '--json']);
  const { ready, abilities } = JSON.parse(stdout);
  t.equal(status, ready ? 0 : 3);
  for (const ability of abilities) {
    t.match(ability, { name: String, about: String, detail: String, need: /^(required|optional)$/ });
    t.equal(
      ability.remedy === null,
      ability.present,
      `${ability.name} has a remedy exactly when it is missing`,
    );
  }
});
