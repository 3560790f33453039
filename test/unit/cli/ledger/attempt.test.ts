import fc from 'fast-check';
import t from 'tap';
import { attemptRepair, UncertainRepairError } from '../../../../src/cli/ledger/attempt.ts';
import { commandFor, judge, proofOfDeath } from '../../../../src/cli/ledger/repair-plan.ts';
import type { FencerKind } from '../../../../src/cli/ledger/sight.ts';
import { type Ledger, memberOf } from '../../../../src/core/ledger.ts';
import { formatLedger, parseLedger } from '../../../../src/core/ledger-text.ts';
import { REPAIRS } from '../../../../src/scenario/scenario.ts';
import { StoreUnavailableError } from '../../../../src/store/store.ts';
import {
  admitted,
  barrier,
  deskAt,
  dies,
  must,
  N1,
  N2,
  N3,
  N4,
  quiet,
  someLedger,
} from './fixtures/ledgers.ts';

/** What a store makes of it. */
const parsedAgain = (ledger: Ledger): Ledger => {
  const parsed = parseLedger(formatLedger(ledger));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.ledger;
};

const admit = { repair: 'admit', node: N4, revision: 1, proof: null } as const;
const dead = { repair: 'declare-dead', node: N1, revision: 1, proof: 'beacon' } as const;

t.test('done: against the ledger that was looked at', async (t) => {
  const { desk, store } = await deskAt(quiet());
  t.match(await attemptRepair(desk, admit), { outcome: 'done', answered: true, revision: 2 });
  t.ok(memberOf((await store.read())!.ledger, N4));
});

t.test('another ledger than the one that was looked at is left alone', async (t) => {
  const { desk, other } = await deskAt(quiet());
  await other.swap(1, admitted(quiet(), 'n5'));
  t.same(await attemptRepair(desk, admit), { outcome: 'changed' });
  t.equal((await other.read())!.revision, 2);
});

t.test('somebody writes between the look and the swap: the swap is lost, and nothing is done', async (t) => {
  const { desk, store, other } = await deskAt(quiet());
  const read = store.read.bind(store);
  store.read = async () => {
    const before = await read();
    store.read = read;
    await other.swap(1, admitted(quiet(), 'n5'));
    return before;
  };
  t.same(await attemptRepair(desk, admit), { outcome: 'changed' });
  t.notOk(memberOf((await other.read())!.ledger, N4));
});

t.test('an answer that is lost: the ledger is read again, and says that it was done', async (t) => {
  const { desk, store } = await deskAt(quiet());
  store.losesNextAnswer = true;
  t.match(await attemptRepair(desk, admit), { outcome: 'done', answered: false, revision: 2 });
});

t.test('an answer that is lost: the ledger is read again, and says that it was not done', async (t) => {
  const { desk, store } = await deskAt(quiet());
  store.swap = async () => ({ outcome: 'unknown' });
  t.same(await attemptRepair(desk, admit), { outcome: 'not-done' });
});

t.test(
  'an answer that is lost, and somebody has written since: whether what was wanted is so now',
  async (t) => {
    for (const [next, holds] of [
      [admitted(admitted(quiet(), 'n4'), 'n5'), true],
      [admitted(quiet(), 'n5'), false],
    ] as const) {
      const { desk, store, other } = await deskAt(quiet());
      store.swap = async () => {
        await other.swap(1, next);
        return { outcome: 'unknown' };
      };
      t.same(await attemptRepair(desk, admit), { outcome: 'overtaken', holds });
    }
  },
);

t.test('a store that does not answer afterwards either: nobody knows', async (t) => {
  const { desk, store } = await deskAt(quiet());
  store.swap = async () => {
    store.available = false;
    return { outcome: 'unknown' };
  };
  await t.rejects(attemptRepair(desk, admit), UncertainRepairError);
  await t.rejects(
    attemptRepair(desk, admit),
    StoreUnavailableError,
    'before anything is tried: certainly not done',
  );
});

t.test('a death is written down only while it is proven', async (t) => {
  const lit = await deskAt(quiet(), { lit: true });
  t.same(await attemptRepair(lit.desk, dead), { outcome: 'refused', refusal: 'still-alive' });
  const unseen = await deskAt(quiet(), { lit: null });
  t.same(await attemptRepair(unseen.desk, dead), { outcome: 'refused', refusal: 'not-proven' });
  const out = await deskAt(quiet(), { lit: false });
  t.match(await attemptRepair(out.desk, dead), { outcome: 'done' });
  t.equal((await out.store.read())!.ledger.members[N1]!.state, 'down');
});

t.test('the fencer: asked for that very life, and without its word nothing is written', async (t) => {
  const agreed = { ...dead, proof: 'fencer' } as const;
  const gone = await deskAt(quiet(false), { lit: true, fencer: 'command' });
  t.match(await attemptRepair(gone.desk, agreed), { outcome: 'done' });
  t.same(gone.fenced, ['n1 1']);
  const failed = await deskAt(quiet(false), {
    fencer: 'command',
    outcome: { outcome: 'failed', reason: 'no power switch' },
  });
  t.same(await attemptRepair(failed.desk, agreed), { outcome: 'not-fenced', reason: 'no power switch' });
  t.equal((await failed.store.read())!.revision, 1);
});

t.test('nobody is fenced who was to be declared dead by a beacon, nor for any other repair', async (t) => {
  const { desk, fenced } = await deskAt(quiet(), { lit: null, fencer: 'lab' });
  t.same(await attemptRepair(desk, dead), { outcome: 'changed' });
  t.same(await attemptRepair(desk, { ...admit, proof: 'fencer' }), { outcome: 'changed' });
  t.same(fenced, []);
});

t.test('nobody is fenced when the rules refuse anyway', async (t) => {
  const { desk, fenced } = await deskAt(barrier(dies(quiet(), N1, N2)), { lit: true, fencer: 'command' });
  t.same(await attemptRepair(desk, { ...dead, proof: 'fencer' }), {
    outcome: 'refused',
    refusal: 'already-down',
  });
  t.same(fenced, []);
});

t.test(
  'property: no sequence of repairs changes anything where the rules, or the proof of a death, refuse',
  async (t) => {
    const repairs = fc.array(
      fc.record({
        repair: fc.constantFrom(...REPAIRS),
        node: fc.constantFrom(N1, N2, N3, N4),
        proof: fc.constantFrom('beacon' as const, 'fencer' as const, null),
        off: fc.constantFrom(0, 0, 0, 1),
      }),
      { minLength: 1, maxLength: 6 },
    );
    const options = fc.record({
      lit: fc.constantFrom(true, false, null),
      fencer: fc.constantFrom<FencerKind | null>('lab', 'command', null),
      gone: fc.boolean(),
    });
    let done = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(someLedger, repairs, options, async (start, sequence, { lit, fencer, gone }) => {
        const outcome = gone
          ? ({ outcome: 'gone' } as const)
          : ({ outcome: 'failed', reason: 'it hangs' } as const);
        const { desk, store } = await deskAt(start, { lit, fencer, outcome });
        for (const { repair, node, proof, off } of sequence) {
          const before = (await store.read())!;
          const result = judge(before.ledger, repair, node);
          const beacon = lit === null ? 'unknown' : lit ? 'lit' : 'out';
          const found = proofOfDeath(before.ledger, beacon, fencer);
          const proven =
            repair !== 'declare-dead' ||
            found === 'beacon' ||
            (found === 'fencer' && proof === 'fencer' && gone);
          const attempt = await attemptRepair(desk, { repair, node, proof, revision: before.revision + off });
          const after = (await store.read())!;
          if (attempt.outcome !== 'done') {
            if (after.revision !== before.revision) return false;
            if (attempt.outcome === 'refused') refused += 1;
            continue;
          }
          done += 1;
          const allowed = result.ok && proven && off === 0;
          if (!allowed) return false;
          const expected = must(before.ledger, commandFor(before.ledger, repair, node));
          if (after.revision !== before.revision + 1) return false;
          if (formatLedger(after.ledger) !== formatLedger(parsedAgain(expected))) return false;
        }
        return true;
      }),
      { numRuns: 1500 },
    );
    t.ok(done > 100 && refused > 100, `it came to both: ${done} done, ${refused} refused`);
  },
);
