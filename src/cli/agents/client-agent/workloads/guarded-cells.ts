import { CELL_BYTES } from '../../../../scenario/scenario.ts';
import { endOf, type Workload } from './round.ts';

/**
 * Takes one of the range's cells, reads it, writes what it computed from that, keeps the lock for a while, and then once more without
 * reading: under its lock a client trusts what it knows. If the lock was given to another one meanwhile, that is a lost update (D18).
 */
export const guardedCells: Workload = async (round) => {
  const { range, draw, take, release, keep, cells, file, timeoutMs } = round;
  const cellCount = Math.max(1, Math.floor((endOf(range) - range.start) / CELL_BYTES));
  const start = range.start + CELL_BYTES * draw.between(0, cellCount - 1);
  const cell = { start, end: start + CELL_BYTES };
  const taken = await take(cell, 'write');
  if (!taken.granted) return taken;
  await cells.update(file, start, false, timeoutMs);
  await keep();
  await cells.update(file, start, true, timeoutMs);
  await release(cell);
  return taken;
};
