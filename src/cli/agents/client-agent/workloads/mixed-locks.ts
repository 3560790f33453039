import { anyMode, somewhere, type Taken, type Workload } from './round.ts';

const MOST_LOCKS = 3;

/**
 * Several locks of one owner, shared and exclusive, anywhere in the range: they join, overlap and replace parts of each other.
 * Before all of it is let go, a part is now and then, which may cut a lock in two (D15).
 */
export const mixedLocks: Workload = async ({ range, draw, take, release, keep }) => {
  const all: Taken[] = [];
  for (let left = draw.between(1, MOST_LOCKS); left > 0; left -= 1)
    all.push(await take(somewhere(range, draw), anyMode(draw)));
  const taken = { granted: all.some(({ granted }) => granted), asked: all.some(({ asked }) => asked) };
  if (!taken.granted) return taken;
  await keep();
  if (draw.chance(0.5)) {
    await release(somewhere(range, draw));
    await keep();
  }
  await release(range);
  return taken;
};
