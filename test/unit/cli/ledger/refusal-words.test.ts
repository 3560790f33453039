import t from 'tap';
import { foreignAdvice } from '../../../../src/cli/ledger/advice.ts';
import { type RepairRefusal, refusalWords } from '../../../../src/cli/ledger/refusal-words.ts';
import { planRepair } from '../../../../src/cli/ledger/repair-plan.ts';
import { asEpoch } from '../../../../src/core/ids.ts';
import type { Ledger } from '../../../../src/core/ledger.ts';
import { REPAIRS, type Repair } from '../../../../src/scenario/scenario.ts';
import {
  ADVICE,
  barrier,
  boot,
  dies,
  inherit,
  N1,
  N2,
  N3,
  N4,
  quiet,
  recordOf,
  sightOf,
} from './fixtures/ledgers.ts';

/** A type that names all of them: one more in `core` does not compile here before it has a case. */
const ALL: Readonly<Record<RepairRefusal, true>> = {
  'not-a-name': true,
  'not-a-member': true,
  'already-a-member': true,
  'still-serving': true,
  'claims-open': true,
  'stale-incarnation': true,
  'not-the-next-incarnation': true,
  'old-view': true,
  'already-acknowledged': true,
  'already-down': true,
  'already-suspect': true,
  'own-death': true,
  'no-grace': true,
  'in-grace': true,
  'before-barrier': true,
  'claims-closed': true,
  'has-heir': true,
  'not-served-here': true,
  'already-leaving': true,
  'not-leaving': true,
  'still-alive': true,
  'not-proven': true,
  'already-there': true,
  moving: true,
  'not-moving': true,
  'not-serving': true,
  'address-carried': true,
};

t.test('every refusal has one sentence of its own, for every repair', async (t) => {
  for (const refusal of Object.keys(ALL) as RepairRefusal[])
    for (const repair of REPAIRS)
      for (const ledger of [quiet(), quiet(false), dies(quiet(), N1, N2)]) {
        const sentence = refusalWords(refusal, {
          repair,
          node: N1,
          sight: sightOf(ledger),
          advice: ADVICE,
        });
        t.match(sentence, /^[a-z"].*[^.]\.$/, `${refusal}: ${sentence}`);
        t.notMatch(sentence, /undefined|null|\. [A-Z]/, `${refusal}: ${sentence}`);
      }
});

const refused = (ledger: Ledger, repair: Repair, node = N1, seen = {}) => {
  const planned = planRepair(sightOf(ledger, seen), repair, node, ADVICE);
  if (planned.possible) throw new Error(`${repair} is possible`);
  return planned;
};

t.test('before the barrier: who has not acknowledged, and how to go on', async (t) => {
  const ledger = dies(quiet(), N1, N2);
  t.match(refused(ledger, 'abandon'), {
    refusal: 'before-barrier',
    sentence:
      /^n2 and n3 have not acknowledged view 6 .*n3 does not answer: let it go on with `gracelab fault start n3`, or end it with `gracelab fault kill n3 --stay-down`/,
  });
  t.match(refused(ledger, 'abandon', N1, { beacons: { n3: 'out' } }), {
    sentence: /n3 is dead: say so with `gracelab ledger declare-dead n3`/,
  });
});

t.test('retire: open claims are named, with the way to give them up', async (t) => {
  const ledger = barrier(dies(quiet(), N1, N2));
  const records = [{ epoch: asEpoch(2), node: N1, clients: [recordOf('alice')], unreadable: null }];
  t.match(refused(ledger, 'retire', N1, { records }), {
    refusal: 'claims-open',
    sentence: /may still reclaim \(alice\).*`gracelab ledger abandon n1`/,
  });
  t.match(refused(quiet(), 'retire'), { refusal: 'still-serving', sentence: /declare-dead n1/ });
});

t.test(
  'claims that an heir has: it looks after them, or is dead itself and is given up with them',
  async (t) => {
    const taken = inherit(barrier(dies(quiet(), N1, N2)), N2, N1);
    t.match(refused(taken, 'abandon'), {
      refusal: 'has-heir',
      sentence: /^n2 has taken over the clients of n1 and lets/,
    });
    t.match(refused(taken, 'retire'), {
      refusal: 'claims-open',
      sentence: /at n2, which has taken them over; wait/,
    });
    const both = barrier(dies(taken, N2, N3));
    t.match(refused(both, 'abandon'), {
      refusal: 'has-heir',
      sentence: /n2 .* is down itself.*`gracelab ledger abandon n2`/,
    });
    t.match(refused(both, 'retire'), { sentence: /`gracelab ledger abandon n2`/ });
  },
);

t.test('a suspect is to be made sure of first', async (t) => {
  const ledger = barrier(dies(quiet(false), N1, N2));
  t.match(refused(ledger, 'abandon'), {
    refusal: 'still-serving',
    sentence: /suspected dead, which is not known yet.*`gracelab ledger declare-dead n1`/,
  });
});

t.test('already so: what is left to do, or that nothing is', async (t) => {
  const down = barrier(dies(quiet(), N1, N2));
  t.match(refused(down, 'declare-dead'), {
    refusal: 'already-down',
    sentence: /fault start n1.*ledger abandon n1/,
  });
  t.match(refused(boot(down, N1), 'admit'), {
    refusal: 'already-a-member',
    sentence: /\(up, life 2\); nothing has to be done/,
  });
  t.match(refused(down, 'retire', N4), {
    refusal: 'not-a-member',
    sentence: /there are n1, n2 and n3; .*admit n4/,
  });
  t.match(refused(quiet(), 'abandon'), {
    refusal: 'no-grace',
    sentence: /nobody waits for the clients of n1/,
  });
});

t.test('without a lab, commands name the ledger, and ending a node is its operator’s', async (t) => {
  const advice = foreignAdvice('--store sqlite:/srv/ledger.sqlite');
  const planned = planRepair(sightOf(quiet()), 'declare-dead', N1, advice);
  t.match(planned, {
    sentence:
      /by stopping its process on n1, or by cutting the power of n1, or by a command of yours with --fence-command/,
  });
  t.match(planRepair(sightOf(quiet()), 'retire', N1, advice), {
    sentence: /`gracelab ledger declare-dead n1 --store sqlite:\/srv\/ledger\.sqlite`/,
  });
});
