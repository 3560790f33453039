import t from 'tap';
import { Lane, type RestartWish } from '../../../src/conformance/lane.ts';
import type { Life } from '../../../src/conformance/life.ts';

const NO_LIFE = {} as Life;

t.test('a restart happens when every test that still runs has come to one', async (t) => {
  const journal: string[] = [];
  const lane = new Lane(async () => {
    journal.push('restart');
    return NO_LIFE;
  });
  const test = (name: string, restarts: number) => async (restart: () => Promise<Life>) => {
    for (let count = 0; count < restarts; count += 1) {
      journal.push(`${name} ready`);
      await restart();
    }
    journal.push(`${name} done`);
  };
  await lane.run([test('a', 2), test('b', 0), test('c', 1)]);
  t.same(journal, ['a ready', 'b done', 'c ready', 'restart', 'a ready', 'c done', 'restart', 'a done']);
});

t.test('one test that wants somebody to be waited for is enough; the others need not', async (t) => {
  const wishes: RestartWish[] = [];
  const lane = new Lane(async (wish) => {
    wishes.push(wish);
    return NO_LIFE;
  });
  const wanting = (wish: RestartWish) => async (restart: (wish: RestartWish) => Promise<Life>) => {
    await restart(wish);
  };
  await lane.run([wanting({ held: false }), wanting({})]);
  await lane.run([wanting({ held: false, verb: ['lose-records'] })]);
  t.same(wishes, [{ held: true }, { held: false, verb: ['lose-records'] }]);
});

t.test('a restart that fails is told to all who wait for it, and the lane goes on', async (t) => {
  const lane = new Lane(() => Promise.reject(new Error('the helper failed')));
  const told: string[] = [];
  const test = async (restart: () => Promise<Life>) => {
    await restart().catch((error: Error) => told.push(error.message));
  };
  await lane.run([test, test]);
  t.same(told, ['the helper failed', 'the helper failed']);
});
