/** What a scenario asks of the runtime, and why it is refused where that is not there. */
import { FAULTS } from '../faults/registry.ts';
import { abilityRefusal, type Offer } from '../runtime/abilities.ts';
import { everyStep } from './every-step.ts';
import type { FaultStep, Scenario, Step } from './scenario.ts';

const faultSteps = (steps: readonly Step[]): FaultStep[] =>
  everyStep(steps).filter((step) => step.do === 'fault');

/** The first fault of the scenario that this runtime cannot do, in one sentence with a remedy; null when it can do all of them. */
export function scenarioRefusal({ name, steps }: Scenario, offer: Offer): string | null {
  for (const { fault, text } of faultSteps(steps)) {
    const refusal = abilityRefusal(
      `"${text}" in the scenario ${name}`,
      FAULTS.get(fault)?.needs ?? [],
      offer,
    );
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Does any of its faults need more than containers that boot and end? */
export const needsAbilities = ({ steps }: Scenario): boolean =>
  faultSteps(steps).some(({ fault }) => (FAULTS.get(fault)?.needs ?? []).length > 0);
