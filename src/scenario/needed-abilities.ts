/** What a scenario asks of the runtime, and why it is refused where that is not there. */
import { FAULTS } from '../faults/registry.ts';
import { abilityRefusal, type Offer } from '../runtime/abilities.ts';
import { everyStep } from './every-step.ts';
import type { ClusterShape, FaultStep, Scenario, Step } from './scenario.ts';

const faultSteps = (steps: readonly Step[]): FaultStep[] =>
  everyStep(steps).filter((step) => step.do === 'fault');

/** The first thing of the scenario that this runtime cannot do, in one sentence with a remedy; null when it can do all of it. */
export function scenarioRefusal({ name, steps, cluster }: Scenario, offer: Offer): string | null {
  const gate = gateRefusal(cluster, `in the scenario ${name}`, offer);
  if (gate !== null) return gate;
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

/** Why a cluster cannot have the gate that it is to have; null when it can, or needs none. */
export const gateRefusal = ({ gate }: ClusterShape, where: string, offer: Offer): string | null =>
  gate ? abilityRefusal(`the gate ${where}`, ['gate'], offer) : null;

/** Does it need more than containers that boot and end? */
export const needsAbilities = ({ steps, cluster }: Scenario): boolean =>
  cluster.gate === true || faultSteps(steps).some(({ fault }) => (FAULTS.get(fault)?.needs ?? []).length > 0);
