import fc from 'fast-check';
import t from 'tap';
import { labAdvice } from '../../../../src/cli/ledger/advice.ts';
import { judge, planRepair, proofOfDeath } from '../../../../src/cli/ledger/repair-plan.ts';
import { beaconOf, entitledClients, openClaimants } from '../../../../src/cli/ledger/sight.ts';
import { asEpoch, asIncarnation, asNodeId } from '../../../../src/core/ids.ts';
import { nodesOf } from '../../../../src/core/ledger.ts';
import { REPAIRS } from '../../../../src/scenario/scenario.ts';
import {
  ADVICE,
  barrier,
  dies,
  inherit,
  N1,
  N2,
  N3,
  N4,
  quiet,
  recordOf,
  sightOf,
  someLedger,
} from './fixtures/ledgers.ts';

const records = (epoch: number, node = N1) => ({
  epoch: asEpoch(epoch),
  node,
  clients: [
    recordOf('alice'),
    recordOf('bob'),
    recordOf('carol', { revoked: true }),
    recordOf('dave', { incarnation: asIncarnation(9) }),
  ],
  unreadable: null,
});
const sentences = (planned: ReturnType<typeof planRepair>): readonly string[] => {
  if (!planned.possible) throw new Error(planned.sentence);
  return planned.plan.sentences;
};

t.test('abandon names who loses the chance, and that grace lifts by it', async (t) => {
  const ledger = barrier(dies(quiet(), N1, N2));
  const planned = planRepair(sightOf(ledger, { records: [records(2)] }), 'abandon', N1, ADVICE);
  t.strictSame(sentences(planned), [
    'Nobody waits any longer for the clients of n1, which is down.',
    'alice and bob lose their chance to reclaim what they had at n1: those locks may go to others, and they are told so on return.',
    'Grace ends with it, for all nodes: new locks are given again.',
  ]);
  t.match(planned, { plan: { losers: { n1: ['alice', 'bob'] } } });
});

t.test('abandon of one of two: grace goes on, and for whom', async (t) => {
  const ledger = barrier(dies(dies(quiet(), N1, N2), N3, N2));
  const planned = planRepair(sightOf(ledger), 'abandon', N1, ADVICE);
  t.strictSame(sentences(planned).slice(-2), [
    'Grace goes on.',
    'The clients of n3 have their chance to reclaim before it ends.',
  ]);
  t.match(sentences(planned)[1], /No client is recorded for n1 .* nobody loses anything/);
});

t.test(
  'abandon of a dead heir ends the chance of those it had inherited, too, and their addresses go back',
  async (t) => {
    const taken = inherit(barrier(dies(quiet(), N1, N2)), N2, N1);
    const ledger = barrier(dies(taken, N2, N3));
    const planned = planRepair(
      sightOf(ledger, { records: [records(2, N1), records(2, N2)] }),
      'abandon',
      N2,
      ADVICE,
    );
    t.match(planned, { plan: { losers: { n1: ['alice', 'bob'], n2: ['alice', 'bob'] } } });
    t.ok(sentences(planned).includes('The clients of n1 are served by n1 again.'));
  },
);

t.test('records that cannot be read: whose chance ends nobody can say', async (t) => {
  const ledger = barrier(dies(quiet(), N1, N2));
  const unreadable = [
    {
      epoch: asEpoch(2),
      node: N1,
      clients: [],
      unreadable: 'the record of x cannot be read: it is not JSON',
    },
  ];
  const planned = planRepair(sightOf(ledger, { records: unreadable }), 'abandon', N1, ADVICE);
  t.match(sentences(planned)[1], /^Whose chance ends nobody can say: the record of x cannot be read/);
});

t.test(
  'retire is refused while another carries the address, and says that the last member leaves none',
  async (t) => {
    const dead = inherit(barrier(dies(quiet(), N1, N2)), N2, N1);
    const result = judge(dead, 'retire', N1);
    t.match(result, { ok: false, refusal: 'claims-open' });
    const finished = {
      ...dead,
      recoveryEpoch: null,
      members: { ...dead.members, [N1]: { ...dead.members[N1]!, claims: 'closed', heir: null } },
    } as typeof dead;
    t.match(planRepair(sightOf(finished), 'retire', N1, ADVICE), {
      possible: false,
      refusal: 'address-carried',
    });
    const only = { ...finished, members: { [N1]: { ...finished.members[N1]!, addressAt: null } } };
    t.ok(
      sentences(planRepair(sightOf(only), 'retire', N1, ADVICE)).some((sentence) =>
        /^No member is left/.test(sentence),
      ),
    );
  },
);

t.test('admit: a member that is down, and no grace', async (t) => {
  t.strictSame(sentences(planRepair(sightOf(quiet()), 'admit', N4, ADVICE)), [
    'n4 becomes a member that is down (view 6); nobody waits for it before it boots.',
    'No grace begins by it.',
  ]);
});

t.test('a name that no ledger could hold is refused before the rules, which would take it', async (t) => {
  for (const name of ['N4', '', '-a', '__proto__', 'a b', 'a'.repeat(65)])
    t.match(planRepair(sightOf(quiet()), 'admit', asNodeId(name), ADVICE), {
      possible: false,
      refusal: 'not-a-name',
    });
});

t.test('declare-dead: a beacon that is lit refuses it, with what ends that life', async (t) => {
  const sight = sightOf(quiet());
  t.match(planRepair(sight, 'declare-dead', N1, labAdvice({ name: 'play', domain: null })), {
    possible: false,
    refusal: 'still-alive',
    sentence: /n1 is alive: the beacon of life 1 is lit.*`gracelab fault kill n1 --stay-down --name play`/,
  });
  t.match(
    planRepair(sightOf(quiet(), { fencer: 'lab' }), 'declare-dead', N1, ADVICE),
    { refusal: 'still-alive' },
    "the lab's fencer is not asked to end what lives",
  );
});

t.test('declare-dead: a beacon that is out proves it where it does, and begins grace', async (t) => {
  const sight = sightOf(quiet(), { beacons: { n1: 'out' }, records: [records(2)] });
  const planned = planRepair(sight, 'declare-dead', N1, ADVICE);
  t.match(planned, { plan: { proof: 'beacon', losers: {} } });
  t.match(sentences(planned), [
    'n1 (life 1) is written down as dead (view 6).',
    'Its beacon is out, which proves here that this life is over.',
    /^alice and bob may reclaim what they had at n1/,
    /`gracelab ledger abandon n1`/,
    'Grace begins, for all nodes: nobody gets a new lock before it has ended.',
    'It waits for n2 and n3 to acknowledge view 6.',
  ]);
});

t.test('D19: where a missing beacon proves nothing, only a fencer does', async (t) => {
  const ledger = quiet(false);
  const out = { beacons: { n1: 'out' as const } };
  t.match(planRepair(sightOf(ledger, out), 'declare-dead', N1, ADVICE), {
    possible: false,
    refusal: 'not-proven',
    sentence: /does not prove that a node is dead.*--fence-command/,
  });
  t.match(planRepair(sightOf(ledger, { ...out, fencer: 'lab' }), 'declare-dead', N1, ADVICE), {
    plan: { proof: 'fencer', sentences: [String, /the lab kills its container.*nothing is written unless/] },
  });
});

t.test('what proves a death: never less than a beacon that proves it, or a fencer', async (t) => {
  t.equal(proofOfDeath({ beaconProvesDeath: true }, 'unknown', null), 'not-proven');
  t.equal(proofOfDeath({ beaconProvesDeath: true }, 'unknown', 'lab'), 'fencer');
  t.equal(proofOfDeath({ beaconProvesDeath: true }, 'lit', 'command'), 'fencer');
  t.equal(proofOfDeath({ beaconProvesDeath: false }, 'out', null), 'not-proven');
  t.equal(proofOfDeath({ beaconProvesDeath: false }, 'lit', 'lab'), 'fencer');
});

t.test(
  'property: a plan is there exactly when the rules and the proof allow it, and says all that it takes away',
  async () => {
    fc.assert(
      fc.property(
        someLedger,
        fc.constantFrom(...REPAIRS),
        fc.constantFrom(N1, N2, N3, N4),
        (ledger, repair, node) => {
          const all = [ledger.epoch, ledger.recoveryEpoch ?? ledger.epoch].flatMap((epoch) =>
            nodesOf(ledger).map((of) => ({ ...records(epoch, of), node: of })),
          );
          const sight = sightOf(ledger, { records: all });
          const result = judge(ledger, repair, node);
          const planned = planRepair(sight, repair, node, ADVICE);
          const proof = proofOfDeath(ledger, beaconOf(sight, node), null);
          const proven = repair !== 'declare-dead' || proof === 'beacon';
          if (planned.possible !== (result.ok && proven)) return false;
          if (!planned.possible)
            return /^["a-z].*[^.]\.$/s.test(planned.sentence) && !planned.sentence.includes('undefined');
          const { before, after, losers } = planned.plan;
          const gone = openClaimants(before).filter(
            (claimant) =>
              after.members[claimant]?.claims !== 'open' &&
              entitledClients(sight, before, claimant).length > 0,
          );
          return planned.plan.sentences.length > 0 && gone.join() === Object.keys(losers).sort().join();
        },
      ),
      { numRuns: 2000 },
    );
  },
);
