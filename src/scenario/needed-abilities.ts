/** What a scenario asks of the runtime, and why it is refused where that is not there. */
import { FAULTS } from '../faults/registry.ts';
import { type Ability, abilityRefusal, type Offer } from '../runtime/abilities.ts';
import { everyStep } from './every-step.ts';
import type { ClusterShape, Scenario, Step } from './scenario.ts';

/** What a step cannot do without. */
function needsOf(step: Step): readonly Ability[] {
  if (step.do === 'impostor') return ['second-process'];
  return step.do === 'fault' ? (FAULTS.get(step.fault)?.needs ?? []) : [];
}

/** The first thing of the scenario that this runtime cannot do, in one sentence with a remedy; null when it can do all of it. */
export function scenarioRefusal({ name, steps, cluster }: Scenario, offer: Offer): string | null {
  const gate = gateRefusal(cluster, `in the scenario ${name}`, offer);
  if (gate !== null) return gate;
  for (const step of everyStep(steps)) {
    const refusal = abilityRefusal(`"${step.text}" in the scenario ${name}`, needsOf(step), offer);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Why a cluster cannot have the gate that it is to have; null when it can, or needs none. */
export const gateRefusal = ({ gate }: ClusterShape, where: string, offer: Offer): string | null =>
  gate ? abilityRefusal(`the gate ${where}`, ['gate'], offer) : null;

/** Does it need more than containers that boot and end? */
export const needsAbilities = ({ steps, cluster }: Scenario): boolean =>
  cluster.gate === true || everyStep(steps).some((step) => needsOf(step).length > 0);
