/** All faults, by name. */
import type { Fault } from './fault.ts';
import { kill } from './kill.ts';
import { partition } from './partition.ts';
import { pause } from './pause.ts';
import { powerCut } from './power-cut.ts';
import { restart } from './restart.ts';

// biome-ignore lint/suspicious/noExplicitAny: a fault takes what its own `parameters` returned, which only it can know
type AnyFault = Fault<any>;

const ALL: readonly AnyFault[] = [powerCut, kill, restart, pause, partition];

/** A new fault is a file and a line in the list above. */
export const FAULTS: ReadonlyMap<string, AnyFault> = new Map(ALL.map((fault) => [fault.name, fault]));

/** Why this fault with these parameters is impossible, in one sentence; null when it is not. */
export function faultRefusal(name: string, parameters: unknown): string | null {
  const fault = FAULTS.get(name);
  if (fault === undefined) return `there is no fault "${name}"; there are ${[...FAULTS.keys()].join(', ')}`;
  const checked = fault.parameters.safeParse(parameters);
  if (checked.success) return null;
  const [problem] = checked.error.issues;
  const where = problem === undefined || problem.path.length === 0 ? '' : ` ${problem.path.join('.')}:`;
  return `the fault "${name}" cannot be done like that:${where} ${problem?.message ?? 'wrong parameters'}`;
}
