import { CELL_BYTES } from '../../../../scenario/scenario.ts';
import type { Workload } from './round.ts';

/** The word for a round that was given no delegation. */
const NONE = 'NO_DELEGATION';
const MOST_UPDATES = 5;

/**
 * Opens the file for a write delegation and, while it has one, works on the guarded value at the range's start without any lock and without
 * reading it again: nobody else can have changed it (RFC 8881 section 10.4). Gives it back when the server recalls it, or after a while. A
 * delegation that two clients had at once, or that was taken away without a word, shows as a lost update.
 */
export const delegationHolder: Workload = async (round) => {
  const { file, cells, range, draw, timeoutMs, count, keep } = round;
  const delegation = await file.openDelegated('write', { timeoutMs });
  count(delegation === null ? NONE : 'OK');
  if (delegation !== null) {
    await cells.read(file, range.start, CELL_BYTES, timeoutMs);
    for (let left = draw.between(1, MOST_UPDATES); left > 0; left -= 1) {
      const { status } = await cells.updateUnder(file, delegation, range.start, timeoutMs);
      if (status !== 'OK') break;
      await Promise.race([keep(), delegation.wanted]);
      if (round.stopping() || delegation.recalled) break;
    }
  }
  const { attempts } = await file.close({ timeoutMs });
  return { granted: delegation !== null, asked: attempts > 0 };
};
