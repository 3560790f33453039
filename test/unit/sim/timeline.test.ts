import t from 'tap';
import { Draw } from '../../../src/scenario/random/draw.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

const sleep = (timeline: Timeline, ms: number) =>
  new Promise<void>((resolve) => void timeline.after(ms, resolve));

t.test('moments come by time, and those of one time in the order in which they were asked for', async (t) => {
  const timeline = new Timeline();
  const seen: string[] = [];
  for (const [name, ms] of [
    ['late', 30],
    ['first', 10],
    ['second', 10],
    ['now', 0],
  ] as const)
    timeline.after(ms, () => seen.push(`${name} at ${timeline.nowMs}`));
  await timeline.through(sleep(timeline, 40));
  t.same(seen, ['now at 0', 'first at 10', 'second at 10', 'late at 30']);
});

t.test('what was cancelled does not happen', async (t) => {
  const timeline = new Timeline();
  const cancel = timeline.after(10, () => t.fail('it happened'));
  timeline.after(5, cancel);
  await timeline.through(sleep(timeline, 20));
});

t.test('whatever is cancelled among many, the others come in their order', async (t) => {
  const timeline = new Timeline();
  const draw = new Draw(1);
  const [due, seen]: [number[], number[]] = [[], []];
  const cancels = Array.from({ length: 2000 }, (_, index) => {
    const ms = draw.between(1, 50);
    const cancel = timeline.after(ms, () => seen.push(1000 * timeline.nowMs + index / 1000));
    return { cancel, moment: 1000 * ms + index / 1000 };
  });
  for (const { cancel, moment } of cancels) {
    if (draw.chance(0.3)) due.push(moment);
    else cancel();
    // A second time has no effect.
    if (draw.chance(0.3) && due.at(-1) !== moment) cancel();
  }
  await timeline.through(sleep(timeline, 60));
  t.same(
    seen,
    due.toSorted((a, b) => a - b),
  );
});

t.test('time stands still until every chain of promises has run to its end', async (t) => {
  const timeline = new Timeline();
  let resolved = 0;
  const chain = async (left: number): Promise<void> => {
    if (left === 0) {
      resolved = timeline.nowMs;
      return;
    }
    await null;
    await chain(left - 1);
  };
  timeline.after(10, () => void chain(50));
  timeline.after(10.001, () => t.equal(resolved, 10));
  await timeline.through(sleep(timeline, 20));
});

t.test('no two looks at the clock are equal', async (t) => {
  const timeline = new Timeline();
  const first = timeline.monotonicNs();
  t.equal(timeline.monotonicNs(), first + 1n);
  await timeline.through(sleep(timeline, 1));
  t.equal(timeline.monotonicNs(), 1_000_000n);
});

t.test('a world in which nothing will ever happen again is a mistake, and no endless wait', async (t) => {
  await t.rejects(new Timeline().through(new Promise(() => {})), /stands still for ever/);
});

t.test('who goes round in circles and never waits is a mistake, and no endless wait', async (t) => {
  const timeline = new Timeline();
  const circle = async () => {
    while (timeline.monotonicNs() >= 0n) await null;
  };
  timeline.after(10, () => void circle().catch(() => {}));
  await t.rejects(timeline.through(sleep(timeline, 20)), /time stands still at 10 ms/);
});

t.test('what a moment throws ends the run', async (t) => {
  const timeline = new Timeline();
  timeline.after(1, () => {
    throw new Error('a mistake of ours');
  });
  await t.rejects(timeline.through(sleep(timeline, 10)), /a mistake of ours/);
});

t.test('thousands of timers stay in order', async (t) => {
  const timeline = new Timeline();
  let state = 1;
  let lastMs = 0;
  let happened = 0;
  for (let count = 0; count < 5000; count += 1) {
    state = (state * 48_271) % 2_147_483_647;
    const cancel = timeline.after(state % 1000, () => {
      happened += 1;
      if (timeline.nowMs < lastMs) t.fail('time went backwards');
      lastMs = timeline.nowMs;
    });
    if (state % 3 === 0) cancel();
    else happened -= 1;
  }
  await timeline.through(sleep(timeline, 1000));
  t.equal(happened, 0, 'each once');
});
