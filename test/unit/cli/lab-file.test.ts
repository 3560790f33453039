import path from 'node:path';
import t, { type Test } from 'tap';
import { describeLab } from '../../../src/cli/living/lab-file.ts';

const lab = (t: Test, text: string): string => path.join(t.testdir({ 'lab.yaml': text }), 'lab.yaml');

/** What a lab has that nobody said anything about. */
const PLAIN = { spares: [], store: 'sqlite', failoverMs: null, afterFence: 'boot' } as const;

t.test('without a file: three nodes with the lease and grace of a real cluster', async (t) => {
  const nodes = ['n1', 'n2', 'n3'];
  t.strictSame(await describeLab(undefined, {}), {
    name: 'lab',
    shape: {
      ...PLAIN,
      nodes,
      leaseMs: 90_000,
      graceMs: 90_000,
      domains: [{ name: 'main', nodes }],
      // I8: nobody is waited for any longer than two leases.
      fenceAfterMs: 180_000,
      storePatienceMs: 180_000,
    },
    clients: [],
  });
});

t.test('a file says nodes, clients and times; grace is a lease long unless it says otherwise', async (t) => {
  const file = lab(t, 'name: play\nnodes: [a, b]\nlease: 2s\nclients: {alice: a}\n');
  t.strictSame(await describeLab(file, {}), {
    name: 'play',
    shape: {
      ...PLAIN,
      nodes: ['a', 'b'],
      leaseMs: 2000,
      graceMs: 2000,
      domains: [{ name: 'main', nodes: ['a', 'b'] }],
      // A machine that is busy otherwise keeps a healthy node silent for seconds.
      fenceAfterMs: 5000,
      storePatienceMs: 5000,
    },
    clients: [{ name: 'alice', node: 'a' }],
  });
});

t.test('the command line goes before the file', async (t) => {
  const file = lab(t, 'name: play\nnodes: 2\nstore: sqlite\nfailover: off\n');
  const described = await describeLab(file, { name: 'mine', nodes: 1, store: 'etcd', failover: 500 });
  t.match(described, { name: 'mine', shape: { nodes: ['n1'], store: 'etcd', failoverMs: 500 } });
});

t.test('clients may have delegations unless the file or the command line says otherwise', async (t) => {
  const file = lab(t, 'delegations: off\n');
  t.match((await describeLab(file, {})).shape, { delegations: false });
  t.notOk('delegations' in (await describeLab(file, { delegations: true })).shape);
  t.match((await describeLab(undefined, { delegations: false })).shape, { delegations: false });
});

t.test('what nobody is to do can be switched off', async (t) => {
  const { shape } = await describeLab(
    lab(t, 'failover: 0ms\nfence-after: off\nafter-fence: stay-down\n'),
    {},
  );
  t.match(shape, { failoverMs: 0, fenceAfterMs: null, afterFence: 'stay-down' });
});

const REFUSED: Readonly<Record<string, [text: string, sentence: string]>> = {
  'a typo in a key': ['nodez: 3', '1:1: nodez: no key is called "nodez" here; did you mean "nodes"?'],
  'not YAML': ['nodes: ]', '1:8: this is not YAML: Unexpected flow-seq-end token in YAML stream: "]".'],
  'several documents': [
    'nodes: 1\n---\nnodes: 2\n',
    '2:1: this is not a lab file: a file holds one, and here another begins.',
  ],
  'text that is no mapping': [
    'hello',
    '1:1: this is not a lab file; its keys are name, nodes, spares, store, domains, failback, failover, fence-after, after-fence, store-patience, delegations, gate, beacon-proves-death, lease, grace, clients.',
  ],
  'too many nodes': ['name: a\nnodes: 17', '2:8: nodes: 17 is too large; the most is 16.'],
  'a lease that is no duration': ['lease: 90', '1:8: lease: a duration is a text like 250ms, 1.5s or 2m.'],
  'a name that is none': [
    'name: My Lab',
    '1:7: name: "My Lab" is not a name; use a-z, 0-9 and dashes, a letter first.',
  ],
  'a client of a node that is not there': [
    'nodes: [apple]\nclients: {alice: appel}',
    '2:18: clients.alice: no node is called "appel"; did you mean "apple"?',
  ],
  'a client with the name of a node': [
    'clients: {n1: n2}',
    '1:11: clients.n1: "n1" is a node already; a client needs another name.',
  ],
  'a duration that is neither one nor off': [
    'failover: never',
    '1:11: failover: "never" is not a duration; write it like 250ms, 1.5s or 2m, or off.',
  ],
  'a domain of a node that is not there': [
    'nodes: 2\ndomains: {home: [n1, n2], work: [n3]}',
    '2:33: domains.work: no node is called "n3"; did you mean "n1"?',
  ],
  'a node in no domain': [
    'nodes: 2\ndomains: {home: [n1]}',
    '2:10: domains: n2 is in no lock domain; add it to one, or leave it out.',
  ],
  'a domain of spares': [
    'nodes: 1\nspares: [x]\ndomains: {home: [n1], work: [x]}',
    '3:29: domains.work: the domain "work" has no member to begin with; one of its nodes must be no spare.',
  ],
  'failover with several domains': [
    'nodes: 1\nfailover: 1s\ndomains: {home: [n1], work: [n1]}',
    '2:11: failover: a node has one address for all of its domains, so with several of them it cannot move to an heir; leave "failover" out.',
  ],
  'a node with the name of a store member': [
    'nodes: [e1]\nstore: etcd',
    '1:8: nodes: "e1" is a member of the ledger\'s etcd; a node needs another name.',
  ],
  'a spare that is a member': ['nodes: [a]\nspares: [a]', '2:9: spares: two nodes are called "a".'],
  'a name that is given twice': ['nodes: [a, a]', '1:8: nodes: two nodes are called "a".'],
};

for (const [what, [text, sentence]] of Object.entries(REFUSED)) {
  t.test(`refused, in one sentence: ${what}`, async (t) => {
    const file = lab(t, text);
    await t.rejects(describeLab(file, {}), { status: 64, message: `${file}:${sentence}` });
  });
}

t.test('refused, in one sentence each: everything that is wrong', async (t) => {
  const file = lab(t, 'nodes: 17\nlease: 1\n');
  const message = new RegExp(`^${file}:1:8: .*\\.\n${file}:2:8: .*\\.$`);
  await t.rejects(describeLab(file, {}), { message });
});

t.test('a client of a node that --nodes has left out stands at its line, too', async (t) => {
  const file = lab(t, 'nodes: 2\nclients: {alice: n2}\n');
  await t.rejects(describeLab(file, { nodes: 1 }), {
    message: `${file}:2:18: clients.alice: no node is called "n2"; did you mean "n1"?`,
  });
});

t.test('a file with nothing in it is a lab as it is without one', async (t) => {
  t.strictSame(await describeLab(lab(t, '# later\n'), {}), await describeLab(undefined, {}));
});

t.test('refused, in one sentence: a file that is missing, a directory, a device, or too large', async (t) => {
  const large = lab(t, `#${'x'.repeat(1_000_000)}`);
  const refused = (file: string, why: string) =>
    t.rejects(describeLab(file, {}), { status: 64, message: `${file}: ${why}.` });
  await refused('/nowhere/lab.yaml', 'there is no such file');
  await refused(t.testdirName, 'it is a directory');
  await refused('/dev/zero', 'it is a device');
  await refused(large, 'it is too large for a lab file (more than 1000000 bytes)');
});
