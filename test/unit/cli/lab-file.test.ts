import path from 'node:path';
import t, { type Test } from 'tap';
import { describeLab } from '../../../src/cli/living/lab-file.ts';

const lab = (t: Test, text: string): string => path.join(t.testdir({ 'lab.yaml': text }), 'lab.yaml');

t.test('without a file: three nodes with the lease and grace of a real cluster', async (t) => {
  t.strictSame(await describeLab(undefined, {}), {
    name: 'lab',
    shape: { nodes: ['n1', 'n2', 'n3'], leaseMs: 90_000, graceMs: 90_000 },
    clients: [],
  });
});

t.test('a file says nodes, clients and times; grace is a lease long unless it says otherwise', async (t) => {
  const file = lab(t, 'name: play\nnodes: [a, b]\nlease: 2s\nclients: {alice: a}\n');
  t.strictSame(await describeLab(file, {}), {
    name: 'play',
    shape: { nodes: ['a', 'b'], leaseMs: 2000, graceMs: 2000 },
    clients: [{ name: 'alice', node: 'a' }],
  });
});

t.test('the command line goes before the file', async (t) => {
  const described = await describeLab(lab(t, 'name: play\nnodes: 2\n'), { name: 'mine', nodes: 1 });
  t.match(described, { name: 'mine', shape: { nodes: ['n1'] } });
});

const REFUSED: Readonly<Record<string, [text: string, sentence: RegExp]>> = {
  'a typo in a key': ['nodse: 3', /lab\.yaml: .*nodse/],
  'not YAML': ['nodes: [', /is not YAML/],
  'too many nodes': ['nodes: 17', /nodes/],
  'a lease that is no duration': ['lease: 90', /lease: a duration is a text like/],
  'a client of a node that is not there': ['clients: {alice: n9}', /alice mounts "n9"/],
  'a name that is given twice': ['nodes: [a, a]', /"a" is given twice/],
};

for (const [what, [text, sentence]] of Object.entries(REFUSED)) {
  t.test(`refused, in one sentence: ${what}`, async (t) => {
    await t.rejects(describeLab(lab(t, text), {}), { status: 64, message: sentence });
  });
}

t.test('refused, in one sentence: no such file', async (t) => {
  await t.rejects(describeLab('/nowhere/lab.yaml', {}), { status: 64, message: /there is no such file/ });
});
