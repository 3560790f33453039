import { FAULTS, faultRefusal } from '../faults/registry.ts';
import { suggestion } from './format/nearest.ts';
import type { FaultStep } from './scenario.ts';

type PlannedFault = Pick<FaultStep, 'fault' | 'down' | 'parameters'>;

/** Which faults there are, as far as a scenario must know to be refused before anything starts. */
export interface FaultCatalogue {
  /** @returns null when the fault exists and takes these parameters, else what is wrong */
  refusal(step: PlannedFault): string | null;
}

/**
 * What the fault itself is given.
 * @param draw picks the length of a pause; for a check before the run anything within its bounds will do
 */
export function faultParameters(
  { down, parameters }: PlannedFault,
  draw: (down: Exclude<FaultStep['down'], string | null>) => number,
): Record<string, unknown> {
  if (down === null) return { ...parameters };
  return { ...parameters, ...(down === 'until-start' ? { stayDown: true } : { downMs: draw(down) }) };
}

export const FAULT_CATALOGUE: FaultCatalogue = {
  refusal(step) {
    if (!FAULTS.has(step.fault))
      return `no fault is called "${step.fault}"${suggestion(step.fault, [...FAULTS.keys()])}`;
    return faultRefusal(
      step.fault,
      faultParameters(step, ({ mostMs }) => Math.round(mostMs)),
    );
  },
};
