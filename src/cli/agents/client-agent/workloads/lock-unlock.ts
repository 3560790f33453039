import type { Workload } from './round.ts';

/** The whole range, asked for once. */
export const lockUnlock: Workload = async ({ range, mode, take, release, keep }) => {
  const taken = await take(range, mode);
  if (!taken.granted) return taken;
  await keep();
  await release(range);
  return taken;
};
