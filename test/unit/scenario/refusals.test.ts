import t from 'tap';
import { parseScenario } from '../../../src/scenario/load.ts';

const GOOD = `
name: example
title: An example
rows: [C1, 18, D12]
cluster: { nodes: 3, lease: 1s }
clients: { alice: n1, bob: n2 }
steps:
  - lock: alice accounts 0..32
  - lock: bob accounts 0..32
    expect: DENIED
  - fault: power-cut n1 for 500ms
  - parallel:
      - - lock: bob accounts 9..
        - wait: 3s
      - - wait: lift
  - repeat: 3
    steps:
      - loop: bob accounts 0..32
        as: thief
      - stop: thief
  - unlock: alice accounts 0..32
expect:
  checks: [no-theft]
`.trimStart();

/** The sentences about the example with one place of it replaced. */
function complaints(from: string | RegExp, to: string): readonly string[] {
  const text = GOOD.replace(from, to);
  if (text === GOOD) throw new Error(`the example does not contain ${from}`);
  const loaded = parseScenario(text, 'x.yaml');
  return loaded.ok ? [] : loaded.problems;
}

/** The first sentence about this step in a cluster of two lock domains. */
function inTwoDomains(step: string): string | undefined {
  const domains = 'domains: { home: [n1, n2], work: [n1, n3] }';
  const head = `name: two\ntitle: Two\ncluster: { nodes: 3, lease: 1s, ${domains} }`;
  const text = `${head}\nclients: { alice: n1 }\nsteps:\n  - ${step}\n  - lock: alice home/f 0..1\n`;
  const loaded = parseScenario(text, 'x.yaml');
  return loaded.ok ? undefined : loaded.problems[0];
}

t.test('with several lock domains it is filesystems that move', async (t) => {
  t.equal(inTwoDomains('migrate: home of n1 to n2'), undefined);
  t.equal(inTwoDomains('failback: work of n3'), undefined);
  t.equal(
    inTwoDomains('migrate: n1 to n2'),
    'x.yaml:6:14: steps[0].migrate: a node has one address for all of its domains, so with several of them it stays; write which filesystem moves, like "home of n1".',
  );
  t.equal(
    inTwoDomains('migrate: home of n1 to n3'),
    'x.yaml:6:14: steps[0].migrate: n3 does not serve the lock domain "home"; n1, n2 do.',
  );
  t.equal(
    inTwoDomains('migrate: hone of n1 to n2'),
    'x.yaml:6:14: steps[0].migrate: no lock domain is called "hone"; did you mean "home"?',
  );
});

t.test('the example itself is accepted', async (t) => {
  t.match(parseScenario(GOOD, 'x.yaml'), { ok: true });
});

const REFUSALS: [what: string, from: string | RegExp, to: string, sentence: string][] = [
  [
    'a node that is called like the one who does repairs',
    'nodes: 3',
    'nodes: [n1, n2, operator]',
    'x.yaml:4:19: cluster.nodes: no node can be called "operator"; give it another name.',
  ],
  [
    'a node whose name no ledger could hold',
    'nodes: 3',
    'nodes: [n1, n2, n-]',
    'x.yaml:4:19: cluster.nodes: no node can be called "n-"; give it another name.',
  ],
  [
    'a client that is called like several of them',
    '{ alice: n1, bob: n2 }',
    '{ alice: n1, bob: n2, clients: n3 }',
    'x.yaml:5:32: clients.clients: no client can be called "clients"; give it another name.',
  ],
  [
    'a node twice in a domain',
    'lease: 1s',
    'domains: { home: [n1, n2, n3, n1] }',
    'x.yaml:4:39: cluster.domains.home: "n1" stands twice in the domain "home".',
  ],
  [
    'a partition between a node and itself',
    'power-cut n1 for 500ms',
    'partition n1 n2 from n2 n3 for 500ms',
    'x.yaml:10:12: steps[2].fault: "n2" cannot be cut off from itself.',
  ],
  [
    'a typo in a verb',
    'lock: alice',
    'lokc: alice',
    'x.yaml:7:5: steps[0]: no verb is called "lokc"; did you mean "lock"?',
  ],
  [
    'a typo in an option',
    'expect: DENIED',
    'expct: DENIED',
    'x.yaml:9:5: steps[1].expct: no key is called "expct" here; did you mean "expect"?',
  ],
  [
    'a typo in a status',
    'DENIED',
    'DENID',
    'x.yaml:9:13: steps[1].expect: "DENID" is not known here; did you mean "DENIED"?',
  ],
  [
    'a typo at the top',
    'steps:\n  - lock: a',
    'stepz:\n  - lock: a',
    'x.yaml:6:1: stepz: no key is called "stepz" here; did you mean "steps"?',
  ],
  [
    'a typo in a nested mapping',
    'nodes: 3',
    'nods: 3',
    'x.yaml:4:12: cluster.nods: no key is called "nods" here; did you mean "nodes"?',
  ],
  [
    'a typo in a nested step',
    '- wait: 3s',
    '- wiat: 3s',
    'x.yaml:13:11: steps[3].parallel[0][1]: no verb is called "wiat"; did you mean "wait"?',
  ],
  [
    'a check that is not one',
    '[no-theft]',
    '[no-thef]',
    'x.yaml:22:12: expect.checks[0]: "no-thef" is not known here; did you mean "no-theft"?',
  ],
  [
    'an inverted range',
    '0..32',
    '32..0',
    'x.yaml:7:11: steps[0].lock: the byte range 32..0 ends before it begins.',
  ],
  [
    'a negative range',
    '0..32',
    '-1..32',
    'x.yaml:7:11: steps[0].lock: the byte range -1..32 is negative; offsets begin at 0.',
  ],
  [
    'an empty range',
    '0..32',
    '3..3',
    'x.yaml:7:11: steps[0].lock: the byte range 3..3 is empty; the end is the first byte that is not in it.',
  ],
  [
    'a range beyond what is exact',
    '0..32',
    '0..99999999999999999999',
    'x.yaml:7:11: steps[0].lock: the byte range 0..99999999999999999999 is too large; the largest offset is 9007199254740991.',
  ],
  [
    'an unknown node',
    'alice: n1',
    'alice: n9',
    'x.yaml:5:19: clients.alice: no node is called "n9"; did you mean "n1"?',
  ],
  [
    'an unknown node of a fault',
    'power-cut n1',
    'power-cut n7',
    'x.yaml:10:12: steps[2].fault: no node is called "n7"; did you mean "n1"?',
  ],
  [
    'an unknown fault',
    'power-cut n1',
    'powercut n1',
    'x.yaml:10:12: steps[2].fault: no fault is called "powercut"; did you mean "power-cut"?',
  ],
  [
    'an unknown client',
    'lock: bob accounts 0',
    'lock: bib accounts 0',
    'x.yaml:8:11: steps[1].lock: no client is called "bib"; did you mean "bob"?',
  ],
  [
    'a file that nothing opens',
    'unlock: alice accounts',
    'unlock: alice acounts',
    'x.yaml:20:13: steps[5].unlock: no earlier step opens "acounts" for alice; did you mean "accounts"?',
  ],
  [
    'a file outside the export',
    'alice accounts',
    'alice ../accounts',
    'x.yaml:7:11: steps[0].lock: "../accounts" is not a file of the export; write a path like accounts or logs/today.',
  ],
  [
    'a loop that does not run',
    'stop: thief',
    'stop: thif',
    'x.yaml:19:15: steps[4].steps[1].stop: no running loop is called "thif"; did you mean "thief"?',
  ],
  [
    'two loops of one name',
    '      - stop: thief',
    '      - loop: alice accounts 0..8\n        as: thief',
    'x.yaml:19:15: steps[4].steps[1].loop: a loop called "thief" runs already; give this one another name with "as".',
  ],
  [
    'two nodes of one name',
    'nodes: 3',
    'nodes: [n1, n2, n1]',
    'x.yaml:4:19: cluster.nodes: two nodes are called "n1".',
  ],
  [
    'a client named like a node',
    '{ alice: n1',
    '{ n2: n1, alice: n1',
    'x.yaml:5:12: clients.n2: "n2" is a node already; a client needs another name.',
  ],
  [
    'a key given twice',
    'alice: n1',
    'alice: n1, alice: n2',
    'x.yaml:5:23: this is not YAML: Map keys must be unique.',
  ],
  [
    'a duration without a unit',
    'lease: 1s',
    'lease: 1',
    'x.yaml:4:29: cluster.lease: a duration is a text like 250ms, 1.5s or 2m.',
  ],
  [
    'a duration with a wrong unit',
    'lease: 1s',
    'lease: 1h',
    'x.yaml:4:29: cluster.lease: "1h" is not a duration; write it like 250ms, 1.5s or 2m.',
  ],
  [
    'a duration that is too short',
    'lease: 1s',
    'lease: 10ms',
    'x.yaml:4:29: cluster.lease: 10ms is too short; the shortest allowed here is 200ms.',
  ],
  [
    'a duration that is too long',
    'wait: 3s',
    'wait: 20m',
    'x.yaml:13:17: steps[3].parallel[0][1].wait: 20m is too long; the longest duration is 10m.',
  ],
  [
    'an inverted range of durations',
    'wait: 3s',
    'wait: 3s..1s',
    'x.yaml:13:17: steps[3].parallel[0][1].wait: the range 3s..1s ends before it begins.',
  ],
  [
    'a condition that is not one',
    'wait: lift',
    'wait: lfit',
    'x.yaml:14:17: steps[3].parallel[1][0].wait: nothing to wait for is called "lfit"; did you mean "lift"?',
  ],
  ['no nodes', 'nodes: 3', 'nodes: 0', 'x.yaml:4:19: cluster.nodes: 0 is too small; the least is 1.'],
  [
    'a negative number',
    'repeat: 3',
    'repeat: -3',
    'x.yaml:15:13: steps[4].repeat: -3 is too small; the least is 1.',
  ],
  [
    'two verbs in one step',
    '    expect: DENIED',
    '    wait: 3s',
    'x.yaml:8:5: steps[1]: a step has one verb, and this one has both "lock" and "wait"; make it two steps.',
  ],
  [
    'a step that is no mapping',
    'fault: power-cut n1 for 500ms',
    'power-cut',
    'x.yaml:10:5: steps[2]: a step is a mapping that begins with a verb, like "- lock: alice accounts 0..32".',
  ],
  ['a missing key', 'title: An example\n', '', 'x.yaml:1:1: title: "title" is missing.'],
  [
    'a row that is not one',
    '[C1,',
    '[X1,',
    'x.yaml:3:8: rows[0]: "X1" is neither a row (1 to 36, C1 to C15) nor a defect (D1 to D19).',
  ],
  [
    'a name that is no folder',
    'name: example',
    'name: an example',
    'x.yaml:1:7: name: "an example" cannot name a run folder; use up to 40 of a-z, 0-9 and dashes.',
  ],
  [
    'a file that is not YAML',
    'steps:\n  - lock: a',
    'steps: ]\n  - lock: a',
    'x.yaml:6:8: this is not YAML: Unexpected flow-seq-end token in YAML stream: "]".',
  ],
];

REFUSALS.push(
  [
    'a partition from nobody',
    'power-cut n1 for 500ms',
    'partition n1 for 500ms',
    'x.yaml:10:12: steps[2].fault: from whom does the partition cut the node off? Write it like "partition n1 from ledger".',
  ],
  [
    'a power cut from somebody',
    'power-cut n1 for',
    'power-cut n1 from n2 for',
    'x.yaml:10:12: steps[2].fault: "from" belongs to a partition; a power-cut hits its targets alone.',
  ],
  [
    'a partition that is started',
    'power-cut n1 for 500ms',
    'partition n1 from n2 until start',
    'x.yaml:10:12: steps[2].fault: a partition is not started but healed: write "until heal", and end it with a heal step.',
  ],
  [
    'a power cut that is healed',
    'for 500ms',
    'until heal',
    'x.yaml:10:12: steps[2].fault: a power-cut is not healed: write "until start", and end it with a start step.',
  ],
  [
    'a ledger that is a file',
    'power-cut n1 for',
    'partition n1 from ledger for',
    'x.yaml:10:12: steps[2].fault: the ledger of this cluster is a file on the shared filesystem, so there is no "ledger" to hit or to be cut off from; write "store: etcd" under "cluster".',
  ],
  [
    'cut off from whom nobody knows',
    'power-cut n1 for',
    'partition n1 from bib for',
    'x.yaml:10:12: steps[2].fault: no container is called "bib"; did you mean "bob"?',
  ],
  [
    'a step of a client whose node is not admitted yet',
    'nodes: 3, lease: 1s }\nclients: { alice: n1, bob: n2 }',
    'nodes: 1, spares: [n2], lease: 1s }\nclients: { alice: n1, bob: n2 }',
    'x.yaml:8:11: steps[1].lock: bob mounts a spare, which no earlier step admits; add an "admit" step before this one.',
  ],
  [
    'a file in no domain',
    'lease: 1s',
    'lease: 1s, domains: { a: [n1, n2], b: [n3] }',
    'x.yaml:7:11: steps[0].lock: "accounts" is in no lock domain; with several, a file is DOMAIN/FILE, and there are a, b.',
  ],
  [
    'an operator for a node that is not there',
    'stop: thief',
    'retire: n9',
    'x.yaml:19:17: steps[4].steps[1].retire: no node is called "n9"; did you mean "n1"?',
  ],
  [
    'a move that leads nowhere',
    'fault: power-cut n1 for 500ms',
    'migrate: n1 to n1',
    'x.yaml:10:14: steps[2].migrate: nothing moves to where it belongs; to bring it home write "failback: n1".',
  ],
  [
    'a move to a node that is not there',
    'fault: power-cut n1 for 500ms',
    'migrate: n1 to n9',
    'x.yaml:10:14: steps[2].migrate: no node is called "n9"; did you mean "n1"?',
  ],
  [
    'a failback to a node that is not there',
    'fault: power-cut n1 for 500ms',
    'failback: n9',
    'x.yaml:10:15: steps[2].failback: no node is called "n9"; did you mean "n1"?',
  ],
  [
    'a move of nobody knows what',
    'fault: power-cut n1 for 500ms',
    'migrate: home n1 to n2',
    'x.yaml:10:14: steps[2].migrate: "home n1" does not say what moves; write "n1", or "home of n1" where there are several lock domains.',
  ],
  [
    'a move to two nodes',
    'fault: power-cut n1 for 500ms',
    'migrate: n1 to n2 n3',
    'x.yaml:10:14: steps[2].migrate: "n1 to n2 n3" does not say what moves where; write it like "n1 to n2", or "home of n1 to n2".',
  ],
  [
    'a filesystem that comes home to a node without a name',
    'fault: power-cut n1 for 500ms',
    'failback: home of',
    'x.yaml:10:15: steps[2].failback: "home of" does not say what moves; write "n1", or "home of n1" where there are several lock domains.',
  ],
  [
    'a filesystem that moves where there is one lock domain',
    'fault: power-cut n1 for 500ms',
    'migrate: home of n1 to n2',
    'x.yaml:10:14: steps[2].migrate: there is one lock domain, whose clients go with an address; leave "home of" out.',
  ],
  [
    'a refusal that the ledger does not know',
    'stop: thief',
    'retire: n2\n        expect: not-here',
    'x.yaml:20:17: steps[4].steps[1].expect: "not-here" is not known here; known are OK, address-carried, already-a-member, already-down, before-barrier, claims-closed, claims-open, has-heir, no-grace, not-a-member, still-alive, still-serving.',
  ],
);

for (const [what, from, to, sentence] of REFUSALS) {
  t.test(`refused at load: ${what}`, async (t) => {
    t.equal(complaints(from, to)[0], sentence);
  });
}

t.test('refused at load: what only a machine would write', async (t) => {
  const nested = `steps: ${'['.repeat(5000)}${']'.repeat(5000)}\n`;
  const aliases = `a: &a [${'x,'.repeat(200)}]\nb: &b [${'*a,'.repeat(200)}]\nc: [${'*b,'.repeat(200)}]\n`;
  for (const [text, sentence] of [
    [nested, /^x\.yaml:1:\d+: this is not a scenario: it is nested too deeply\.$/],
    [aliases, /^x\.yaml:1:1: this is not a scenario: its aliases make it too large\.$/],
    [
      'name: a\n---\nname: b\n',
      /^x\.yaml:2:1: this is not a scenario: a file holds one, and here another begins\.$/,
    ],
  ] as const)
    t.match(parseScenario(text, 'x.yaml'), { ok: false, problems: [sentence] });
});

t.test('refused at load: text that is no mapping', async (t) => {
  for (const text of ['', 'hello', '- lock: alice accounts 0..32', '42']) {
    const loaded = parseScenario(text, 'x.yaml');
    t.match(loaded, { ok: false, problems: [/^x\.yaml:1:1: this is not a scenario/] }, JSON.stringify(text));
  }
});

t.test('several problems are told in the order of the file, each once', async (t) => {
  const problems = complaints(
    /alice: n1.*DENIED/s,
    'alice: n1, bob: n2 }\nsteps:\n  - lock: alice accounts 9..1\n  - wait: foo\n    with: bar',
  );
  t.match(problems, [/^x\.yaml:7:11: .* ends before it begins\.$/, /^x\.yaml:8:11: /, /^x\.yaml:9:5: /]);
  t.equal(problems.length, 3);
});
