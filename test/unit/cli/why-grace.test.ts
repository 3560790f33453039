import t from 'tap';
import { labAdvice } from '../../../src/cli/ledger/advice.ts';
import type { GraceQuestion } from '../../../src/cli/ledger/grace-facts.ts';
import { explainGrace } from '../../../src/cli/living/why-grace.ts';
import { asEpoch } from '../../../src/core/ids.ts';
import { inGrace, type Ledger, unacknowledged } from '../../../src/core/ledger.ts';
import type { CoordinatorStatus } from '../../../src/server/coordinator.ts';
import {
  acknowledge,
  barrier,
  boot,
  dies,
  inherit,
  N1,
  N2,
  quiet,
  recordOf,
  sightOf,
} from './ledger/fixtures/ledgers.ts';

const status = (ledger: Ledger, rest: Partial<CoordinatorStatus> = {}): CoordinatorStatus => ({
  incarnation: 1,
  standing: 'current',
  ledger,
  enforcing: inGrace(ledger),
  storeAnswers: true,
  store: { answers: true },
  waitingSinceMs: inGrace(ledger) ? 4000 : null,
  unacknowledged: inGrace(ledger) ? unacknowledged(ledger) : [],
  outstanding: {},
  expected: [],
  deadlineInMs: null,
  latestEndInMs: null,
  heirs: {},
  carriedAddresses: [],
  fencing: [],
  revoked: [],
  unreadableRecords: null,
  ...rest,
});

const question = (ledger: Ledger, rest: Partial<GraceQuestion> = {}): GraceQuestion => ({
  domain: null,
  sight: sightOf(ledger),
  storeProblem: null,
  statuses: {},
  absent: { down: [], paused: [], silent: [], stores: [], booting: {} },
  times: { failoverMs: null, fenceAfterMs: 10_000 },
  advice: labAdvice({ name: null, domain: null }),
  ...rest,
});
const absent = (some: Partial<GraceQuestion['absent']>): GraceQuestion['absent'] => ({
  down: [],
  paused: [],
  silent: [],
  stores: [],
  booting: {},
  ...some,
});
const records = [
  { epoch: asEpoch(2), node: N1, clients: [recordOf('alice'), recordOf('bob')], unreadable: null },
];

t.test('outside grace that is all there is to say', async (t) => {
  const { sentences, remedies } = explainGrace(question(quiet(), { statuses: { n1: status(quiet()) } }));
  t.strictSame(sentences, ['The cluster is not in grace (view 5, epoch 2).']);
  t.strictSame(remedies, []);
});

t.test(
  'before the barrier: who has not acknowledged, for how long, and when it is fenced by whom',
  async (t) => {
    const ledger = acknowledge(dies(quiet(), N1, N2), N2);
    const explained = explainGrace(
      question(ledger, { statuses: { n2: status(ledger) }, absent: absent({ paused: ['n3'] }) }),
    );
    t.strictSame(explained.unacknowledged, ['n3']);
    t.match(explained.awaitedNodes, [
      { node: 'n3', forMs: 4000, fencedBy: 'n2', fencedInMs: 6000, fencing: null },
    ]);
    t.ok(
      explained.sentences.includes(
        'The barrier has waited for 4 s for n3 to acknowledge view 6, and it is paused; n2 has it fenced in 6 s unless it answers before.',
      ),
    );
    t.match(explained.sentences.join('\n'), /No deadline runs before the barrier/);
    t.match(explained.remedies, [
      'n3 is paused; let it go on with `gracelab fault start n3`.',
      /^Or end n3 with `gracelab fault kill n3 --stay-down`/,
      /^n1 is down .*, once the barrier is reached\.$/,
    ]);
  },
);

t.test('the first in line may be silent itself: then it is the next one’s turn, later', async (t) => {
  const ledger = dies(quiet(), N1, N2);
  const { awaitedNodes } = explainGrace(
    question(ledger, { statuses: { n3: status(ledger, { waitingSinceMs: 1000 }) } }),
  );
  t.match(awaitedNodes, [
    { node: 'n2', fencedBy: 'n3', fencedInMs: 9000 },
    { node: 'n3', fencedBy: null },
  ]);
  const late = explainGrace(
    question(ledger, { statuses: { n2: status(ledger, { waitingSinceMs: 99_000 }) } }),
  );
  t.match(late.awaitedNodes[1], { node: 'n3', fencedBy: 'n2', fencedInMs: 0 });
});

t.test('fencing that is under way, that has failed, and that nobody was told to do', async (t) => {
  const ledger = acknowledge(dies(quiet(), N1, N2), N2);
  const fencing = { node: 'n3', incarnation: 1, underWayMs: 200, heldUpMs: 12_000, failure: null };
  const say = (rest: Partial<GraceQuestion>) => explainGrace(question(ledger, rest)).sentences.join('\n');
  t.match(
    say({ statuses: { n2: status(ledger, { fencing: [fencing] }) } }),
    /has waited for 12 s for n3 .*; it is being fenced\./,
  );
  const failed = { ...fencing, underWayMs: null, failure: 'the switch is silent.' };
  t.match(
    say({ statuses: { n2: status(ledger, { fencing: [failed] }) } }),
    /fencing it has failed \(the switch is silent\) and is tried again/,
  );
  t.match(
    say({ times: { failoverMs: null, fenceAfterMs: null } }),
    /nobody fences it, since the cluster was not told to/,
  );
  t.match(say({ times: null }), /whether it will be fenced is not known here/);
});

t.test(
  'past the barrier: which clients are outstanding at whom and since when, and when it ends',
  async (t) => {
    const ledger = barrier(boot(dies(quiet(), N1, N2), N1));
    const n1 = status(ledger, {
      expected: [
        { client: 'alice', of: 'n1', sinceMs: 3000 },
        { client: 'bob\u001b[2J', of: 'n1', sinceMs: 3000 },
      ],
      deadlineInMs: 1500,
      latestEndInMs: 9000,
    });
    const { outstanding, sentences, remedies } = explainGrace(
      question(ledger, { statuses: { n1, n2: status(ledger) } }),
    );
    t.strictSame(outstanding, { n1: ['alice', '0x626f621b5b324a'] });
    t.ok(sentences.includes('For 3 s alice and 0x626f621b5b324a of n1 have not completed the reclaim.'));
    t.ok(
      sentences.includes(
        'Grace ends as soon as nobody is waited for; otherwise in 2 s if no other client comes, and in 9 s at the latest.',
      ),
    );
    t.strictSame(remedies, []);
  },
);

t.test('the clients of a node that is down wait for its boot, or for an heir', async (t) => {
  const ledger = barrier(dies(quiet(), N1, N2));
  const sight = sightOf(ledger, { records });
  const say = (failoverMs: number | null) =>
    explainGrace(
      question(ledger, {
        sight,
        statuses: { n2: status(ledger) },
        times: { failoverMs, fenceAfterMs: null },
      }),
    );
  t.strictSame(say(null).outstanding, { n1: ['alice', 'bob'] });
  t.match(
    say(null).sentences[1],
    /^alice and bob of n1 may reclaim, and nobody is there to reclaim from: n1 is down, and no other node/,
  );
  t.match(say(2000).sentences[1], /n2 takes its clients over 2 s after the barrier\.$/);
  t.match(say(2000).remedies, [
    /fault start n1.*ledger abandon n1` \(alice and bob would lose what they had\)\.$/,
  ]);
});

t.test('an heir serves them', async (t) => {
  const ledger = inherit(barrier(dies(quiet(), N1, N2)), N2, N1);
  const n2 = status(ledger, { expected: [{ client: 'alice', of: 'n1', sinceMs: 500 }] });
  const { heirs, sentences } = explainGrace(question(ledger, { statuses: { n2 } }));
  t.strictSame(heirs, { n1: 'n2' });
  t.ok(sentences.includes('For 500 ms alice of n1 has not completed the reclaim at its heir n2.'));
});

t.test(
  'no node answers: the ledger itself says what it waits for, and what an operator can do',
  async (t) => {
    const ledger = barrier(dies(quiet(), N1, N2));
    const sight = sightOf(ledger, { records, beacons: { n2: 'out', n3: 'out' } });
    const { unnoticed, sentences, remedies } = explainGrace(
      question(ledger, { sight, absent: absent({ down: ['n1', 'n2', 'n3'] }) }),
    );
    t.strictSame(unnoticed, ['n2', 'n3']);
    t.match(sentences, [
      'The cluster is in grace (view 6): clients recorded in epoch 2 may reclaim, and nobody gets a new lock.',
      /^alice and bob of n1 may reclaim/,
      /^No node answers that could end it/,
      /^n2 is dead: its beacon is out/,
      /^n3 is dead/,
    ]);
    t.match(remedies, [
      /^n2 does not run: .*`gracelab ledger declare-dead n2`/,
      /^n3 does not run/,
      /`gracelab ledger abandon n1`/,
    ]);
  },
);

t.test('a dead node that has not acknowledged is to be declared dead', async (t) => {
  const ledger = acknowledge(dies(quiet(), N1, N2), N2);
  const { sentences, remedies } = explainGrace(
    question(ledger, { sight: sightOf(ledger, { beacons: { n3: 'out' } }) }),
  );
  t.match(sentences[1], /for n3 to acknowledge view 6, and it is dead: its beacon is out;/);
  t.match(remedies[0], /`gracelab ledger declare-dead n3`/);
});

t.test('a suspect, and where a missing beacon proves nothing', async (t) => {
  const ledger = acknowledge(dies(quiet(false), N1, N2), N2);
  const { suspects, sentences, remedies, awaitedNodes } = explainGrace(
    question(ledger, { statuses: { n2: status(ledger) } }),
  );
  t.strictSame(suspects, ['n1']);
  t.match(awaitedNodes[0], { node: 'n1', state: 'suspect', fencedBy: 'n2', fencedInMs: 0 });
  t.match(sentences[1], /for n1, which is suspected dead, to acknowledge/);
  t.match(remedies[0], /^n1 is suspected dead: .*`gracelab ledger declare-dead n1`/);
});

t.test('the store knows best; without it the newest ledger of a node counts', async (t) => {
  const grace = dies(quiet(), N1, N2);
  t.equal(explainGrace(question(quiet(), { statuses: { n2: status(grace) } })).inGrace, false);
  const statuses = { n2: status(grace), n3: status(quiet()) };
  const unseen = explainGrace(
    question(quiet(), {
      sight: null,
      storeProblem: "the ledger's store does not answer: it is cut off.",
      statuses,
    }),
  );
  t.equal(unseen.inGrace, true);
  t.match(
    unseen.sentences.at(-1),
    /what is said here is what nodes know, since the ledger's store does not answer/,
  );
});

t.test('without the store nothing can be repaired: it has to answer first', async (t) => {
  const grace = barrier(dies(quiet(), N1, N2));
  const blind = { sight: null, storeProblem: 'the store is gone.', statuses: { n2: status(grace) } };
  t.match(explainGrace(question(grace, blind)).remedies, [
    /^The ledger's store has to answer first: see to it, .*`gracelab why`\.$/,
  ]);
  t.match(explainGrace(question(grace, { ...blind, absent: absent({ stores: ['e1', 'e2'] }) })).remedies, [
    /e1 and e2 are down \(boot them with `gracelab fault start e1 e2`\)/,
  ]);
});

t.test('nobody answers at all: that is said, and nothing is made up', async (t) => {
  const { inGrace: answer, sentences } = explainGrace(
    question(quiet(), { sight: null, storeProblem: 'the store is gone.' }),
  );
  t.equal(answer, null);
  t.strictSame(sentences, [
    'Nobody can say whether the cluster is in grace: no node answers, and the store is gone.',
  ]);
});

t.test('I7: a store that does not answer a node, and since when', async (t) => {
  const n1 = status(quiet(), {
    storeAnswers: false,
    enforcing: true,
    store: { answers: false, sinceMs: 7000, problem: 'it is cut off' },
  });
  const { sentences, storeProblems } = explainGrace(question(quiet(), { statuses: { n1 } }));
  t.strictSame(storeProblems, { n1: { forMs: 7000, problem: 'it is cut off' } });
  t.equal(
    sentences.at(-1),
    "n1 grants nothing new because the ledger's store has not answered it for 7 s (it is cut off).",
  );
});

t.test('records that could not be read, a node that was fenced, one that is still learning', async (t) => {
  const say = (rest: Partial<CoordinatorStatus>) =>
    explainGrace(question(quiet(), { statuses: { n3: status(quiet(), rest) } })).sentences.at(-1);
  t.match(
    say({ unreadableRecords: 'the records of n1 cannot be read' }),
    /^n3: the records of n1 cannot be read\.$/,
  );
  t.match(say({ standing: 'fenced' }), /^n3 is fenced and grants nothing\.$/);
  t.match(say({ enforcing: true }), /^n3 refuses new locks until it has learned the newest view\.$/);
});

t.test('a paused node is named outside grace, too; a booting one says what it waits for', async (t) => {
  const paused = explainGrace(question(quiet(), { absent: absent({ paused: ['n1'] }) }));
  t.match(paused, {
    sentences: [String, 'n1 is paused.'],
    remedies: ['n1 is paused; let it go on with `gracelab fault start n1`.'],
  });
  const ledger = acknowledge(dies(quiet(), N1, N2), N2);
  const booting = explainGrace(
    question(ledger, { absent: absent({ booting: { n3: 'the store does not answer' } }) }),
  );
  t.match(booting.sentences[1], /and it is booting and waits: the store does not answer;/);
});

t.test('one of several domains is named, and so are its commands', async (t) => {
  const ledger = barrier(dies(quiet(), N1, N2));
  const { sentences, remedies } = explainGrace(
    question(ledger, { domain: 'home', advice: labAdvice({ name: 'play', domain: 'home' }) }),
  );
  t.match(sentences[0], /^The lock domain home is in grace/);
  t.match(remedies[0], /`gracelab ledger abandon n1 --name play --domain home`/);
});
