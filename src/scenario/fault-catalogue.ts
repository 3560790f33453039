import type { Fault, TargetKind } from '../faults/fault.ts';
import { FAULTS, faultRefusal } from '../faults/registry.ts';
import { suggestion } from './format/nearest.ts';
import type { FaultStep } from './scenario.ts';

type PlannedFault = Pick<FaultStep, 'fault' | 'from' | 'down' | 'parameters'>;

/** Which faults there are, as far as a scenario must know to be refused before anything starts. */
export interface FaultCatalogue {
  /** @returns null when the fault exists and takes these parameters, else what is wrong */
  refusal(step: PlannedFault): string | null;
  /** Whom a fault can hit; nobody, where there is no such fault. */
  targetsOf(fault: string): readonly TargetKind[];
}

/**
 * What the fault itself is given.
 * @param draw picks the length of a pause; for a check before the run anything within its bounds will do
 */
export function faultParameters(
  { from, down, parameters }: PlannedFault,
  draw: (down: Exclude<FaultStep['down'], string | null>) => number,
): Record<string, unknown> {
  const all = from === null ? { ...parameters } : { ...parameters, from };
  if (down === null) return all;
  return { ...all, ...(typeof down === 'string' ? { stayDown: true } : { downMs: draw(down) }) };
}

/** Two ways to say the same thing that a fault does not know. */
function misplaced(step: PlannedFault, { name, hits, from }: Fault): string | null {
  if (from === 'required' && step.from === null)
    return `from whom does the ${name} cut the node off? Write it like "${name} n1 from ledger"`;
  if (from === 'none' && step.from !== null)
    return `"from" belongs to a partition; a ${name} hits its targets alone`;
  if (hits === 'network' && step.down === 'until-start')
    return `a ${name} is not started but healed: write "until heal", and end it with a heal step`;
  if (hits === 'node' && step.down === 'until-heal')
    return `a ${name} is not healed: write "until start", and end it with a start step`;
  return null;
}

export const FAULT_CATALOGUE: FaultCatalogue = {
  refusal(step) {
    const fault = FAULTS.get(step.fault);
    if (fault === undefined)
      return `no fault is called "${step.fault}"${suggestion(step.fault, [...FAULTS.keys()])}`;
    const given = faultParameters(step, ({ mostMs }) => Math.round(mostMs));
    return misplaced(step, fault) ?? faultRefusal(step.fault, given);
  },
  targetsOf: (name) => FAULTS.get(name)?.targets ?? [],
};
