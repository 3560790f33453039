import type { Workload } from './round.ts';

/** As lock-unlock, and the guarded value at the range's start is read anew and replaced under the lock. */
export const lockUpdateUnlock: Workload = async (round) => {
  const { range, mode, take, release, keep, cells, file, timeoutMs } = round;
  const taken = await take(range, mode);
  if (!taken.granted) return taken;
  await cells.update(file, range.start, false, timeoutMs);
  await keep();
  await release(range);
  return taken;
};
