import type { LoopBody } from '../../../../scenario/scenario.ts';
import { delegationHolder } from './delegation-holder.ts';
import { guardedCells } from './guarded-cells.ts';
import { lockUnlock } from './lock-unlock.ts';
import { lockUpdateUnlock } from './lock-update-unlock.ts';
import { mixedLocks } from './mixed-locks.ts';
import { overstep } from './overstep.ts';
import type { Workload } from './round.ts';
import { upgradeDowngrade } from './upgrade-downgrade.ts';
import { waitForLock } from './wait-for-lock.ts';

/** A new workload is a file, a line here, and its name among the bodies of a loop step. */
export const WORKLOADS: Readonly<Record<LoopBody, Workload>> = {
  'lock-unlock': lockUnlock,
  'lock-update-unlock': lockUpdateUnlock,
  'mixed-locks': mixedLocks,
  'upgrade-downgrade': upgradeDowngrade,
  'guarded-cells': guardedCells,
  'wait-for-lock': waitForLock,
  delegation: delegationHolder,
  overstep,
};
