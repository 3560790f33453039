import t from 'tap';
import { explainGrace } from '../../../src/cli/living/why-grace.ts';
import { asEpoch, asIncarnation, asNodeId, asView } from '../../../src/core/ids.ts';
import { createLedger, type Ledger, type Member } from '../../../src/core/ledger.ts';
import type { CoordinatorStatus } from '../../../src/server/coordinator.ts';

const N1 = asNodeId('n1');
const N2 = asNodeId('n2');
const QUIET: Ledger = {
  ...createLedger([N1, N2], { beaconProvesDeath: true }),
  view: asView(5),
  epoch: asEpoch(3),
};

/** Both nodes up and past the barrier of view 6, and whatever `n1` has besides. */
function grace(n1: Partial<Member>): Ledger {
  const up = { incarnation: asIncarnation(1), state: 'up', acknowledgedView: asView(6) } as const;
  const { n1: first, n2: second } = QUIET.members as Record<string, Member>;
  if (first === undefined || second === undefined) throw new Error('the ledger lacks its members');
  return {
    ...QUIET,
    view: asView(6),
    epoch: asEpoch(4),
    recoveryEpoch: asEpoch(3),
    members: { [N1]: { ...first, ...up, ...n1 }, [N2]: { ...second, ...up } },
  };
}

const status = (ledger: Ledger, rest: Partial<CoordinatorStatus> = {}): CoordinatorStatus => ({
  incarnation: 1,
  standing: 'current',
  ledger,
  enforcing: ledger.recoveryEpoch !== null,
  storeAnswers: true,
  unacknowledged: [],
  outstanding: {},
  deadlineInMs: null,
  latestEndInMs: null,
  ...rest,
});
const NONE = { down: [], paused: [] };

t.test('outside grace that is all there is to say', async (t) => {
  t.strictSame(explainGrace({ n1: status(QUIET) }, NONE).sentences, [
    'The cluster is not in grace (view 5, epoch 3).',
  ]);
});

t.test('before the barrier: who has not acknowledged, and whether it could', async (t) => {
  const ledger = grace({ acknowledgedView: asView(5), claims: 'open' });
  const { unacknowledged, sentences } = explainGrace({ n2: status(ledger) }, { ...NONE, down: ['n1'] });
  t.strictSame(unacknowledged, ['n1']);
  t.ok(sentences.includes('The barrier waits for n1 to acknowledge view 6, and it is down.'));
});

t.test('a paused node is why the barrier waits, and how to let it go on is said', async (t) => {
  const ledger = grace({ acknowledgedView: asView(5), claims: 'open' });
  const { sentences } = explainGrace({ n2: status(ledger) }, { down: [], paused: ['n1'] });
  t.ok(sentences.includes('The barrier waits for n1 to acknowledge view 6, and it is paused.'));
  t.equal(sentences.at(-1), 'n1 is paused; let it go on with `gracelab fault start n1`.');
});

t.test('a paused node is named outside grace, too', async (t) => {
  t.strictSame(explainGrace({ n2: status(QUIET) }, { down: [], paused: ['n1'] }).sentences, [
    'The cluster is not in grace (view 5, epoch 3).',
    'n1 is paused; let it go on with `gracelab fault start n1`.',
  ]);
});

t.test('past the barrier: which clients are outstanding, and when it ends', async (t) => {
  const ledger = grace({ claims: 'open' });
  const n1 = status(ledger, {
    outstanding: { n1: ['alice', 'bob'] },
    deadlineInMs: 1500,
    latestEndInMs: 9000,
  });
  const { outstanding, sentences } = explainGrace({ n1, n2: status(ledger) }, NONE);
  t.strictSame(outstanding, { n1: ['alice', 'bob'] });
  t.ok(sentences.includes('alice and bob of n1 have not completed the reclaim.'));
  t.match(
    sentences.at(-1),
    /^It ends as soon as all of them have; otherwise in 2 s if no other client comes, and in 9 s at the latest\.$/,
  );
});

t.test('the clients of a node that is down wait for its boot', async (t) => {
  const ledger = grace({ state: 'down', claims: 'open' });
  t.ok(
    explainGrace({ n2: status(ledger) }, { ...NONE, down: ['n1'] }).sentences.includes(
      'The clients of n1 may still reclaim, and n1 is down.',
    ),
  );
});

t.test('the newest ledger counts: a node that lags does not bring a grace back', async (t) => {
  const { inGrace } = explainGrace(
    { n1: status(grace({})), n2: status({ ...QUIET, view: asView(7) }) },
    NONE,
  );
  t.equal(inGrace, false);
});

t.test('I7: a store that does not answer is a reason of its own', async (t) => {
  const { sentences } = explainGrace({ n1: status(QUIET, { storeAnswers: false, enforcing: true }) }, NONE);
  t.match(sentences.at(-1), /n1 grants nothing new because the ledger's store does not answer/);
});
