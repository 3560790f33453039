/** I7: one round after another, and again by itself while the store does not answer. */
import t from 'tap';
import { Rounds } from '../../../src/server/coordinator/rounds.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';

/** Each round does what the test says, by number, and what came of it is told. */
function roundsOf(round: (number: number) => unknown) {
  const clock = new VirtualClock();
  const told: string[] = [];
  let number = 0;
  const rounds = new Rounds({
    clock,
    round: async () => {
      number += 1;
      await round(number);
    },
    onBegin: () => void told.push('begin'),
    onDone: () => void told.push('done'),
    onStoreError: (problem) => void told.push(problem),
  });
  return { clock, told, rounds };
}

const fails = () => {
  throw new StoreUnavailableError('no answer');
};

t.test('a store that does not answer is asked again by itself, after a pause, until it does', async (t) => {
  const { clock, told, rounds } = roundsOf((number) => number < 3 && fails());
  rounds.wake();
  await clock.advance(49);
  t.same(told, ['begin', 'no answer']);
  await clock.advance(1);
  t.same(told, ['begin', 'no answer', 'begin', 'no answer']);
  await clock.advance(50);
  t.same(told.slice(4), ['begin', 'done']);
  await clock.advance(1_000);
  t.equal(told.length, 6, 'and not any more then');
});

t.test('what is asked for in such a pause waits for its end, and is done with it', async (t) => {
  const { clock, told, rounds } = roundsOf((number) => number < 2 && fails());
  rounds.wake();
  await clock.advance(10);
  rounds.wake();
  rounds.wake();
  await clock.advance(39);
  t.same(told, ['begin', 'no answer']);
  await clock.advance(1_000);
  t.same(told.slice(2), ['begin', 'done']);
});

t.test(
  'never two rounds at once: however often one is asked for meanwhile, there is one after it',
  async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { clock, told, rounds } = roundsOf((number) => (number === 1 ? promise : undefined));
    rounds.wake();
    rounds.wake();
    rounds.wake();
    await clock.advance(100);
    t.same(told, ['begin']);
    resolve();
    await clock.advance(0);
    t.same(told, ['begin', 'done', 'begin', 'done']);
    rounds.wake();
    await clock.advance(0);
    t.same(told.slice(4), ['begin', 'done']);
  },
);

t.test('C8: a life that is over begins no round, neither by itself nor when it is asked', async (t) => {
  const { clock, told, rounds } = roundsOf((number) => number < 9 && fails());
  rounds.wake();
  await clock.advance(10);
  rounds.close();
  rounds.wake();
  await clock.advance(1_000);
  rounds.wake();
  await clock.advance(1_000);
  t.same(told, ['begin', 'no answer']);
});
