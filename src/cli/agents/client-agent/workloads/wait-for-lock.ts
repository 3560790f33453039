import { anyMode, somewhere, type Taken, type Workload } from './round.ts';

const MOST_TRIES = 4;

/**
 * A waiter: wants a lock that another one holds, and asks again until it has it. Each time it gives up after a while, as a program does
 * that is interrupted: a grant that comes after that goes back.
 */
export const waitForLock: Workload = async (round) => {
  const { range, draw, take, release, keep } = round;
  const span = somewhere(range, draw);
  const mode = anyMode(draw);
  let taken: Taken = { granted: false, asked: false };
  for (let tries = 0; tries < MOST_TRIES && !taken.granted && !round.stopping(); tries += 1)
    taken = await take(span, mode, true);
  if (!taken.granted) return taken;
  await keep();
  await release(span);
  return taken;
};
