/** Steps that break something, and steps that mend it. */
import type { Fault, FaultSurroundings } from '../faults/fault.ts';
import { FAULTS } from '../faults/registry.ts';
import { LEDGER_WORDS, resolveTargets, WHOLE_STORE } from '../faults/targets.ts';
import { faultParameters } from './fault-catalogue.ts';
import { ALL_OF_THEM } from './fault-words.ts';
import type { FaultStep, HealStep, StartStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

/** @throws StepFailure when the fault could not be made or mended */
export async function injectFault(step: FaultStep, context: StepContext): Promise<void> {
  const { cluster } = context;
  const chosen = FAULTS.get(step.fault);
  if (!chosen) throw new StepFailure(`there is no fault called "${step.fault}"`);
  const targets = [...new Set(step.targets.flatMap((target) => targetsOf(target, context)))];
  const from = step.from?.flatMap((word) => othersOf(word, context)) ?? null;
  const parameters = faultParameters({ ...step, from }, (down) => context.draw(down));
  const surroundings = surroundingsOf(chosen, context);
  if (chosen.tells === 'lab') surroundings.tell('begin', targets, detailOf(parameters));
  try {
    const broken = targets.map((target) => cluster.breakable(target));
    await chosen.inject(broken, chosen.parameters.parse(parameters), surroundings);
  } catch (error) {
    throw new StepFailure(`"${step.text}" failed: ${(error as Error).message}`);
  }
  if (step.down === 'until-start') for (const target of targets) context.down.set(target, step.fault);
  if (typeof step.down !== 'string' && chosen.tells === 'lab') surroundings.tell('end', targets);
}

/** What this fault is given on that cluster; what it tells goes into the cluster's history. */
export function surroundingsOf(
  fault: Fault,
  { cluster, random }: Pick<StepContext, 'cluster' | 'random'>,
): FaultSurroundings {
  const tell: FaultSurroundings['tell'] = (phase, targets, detail) =>
    cluster.tellFault(fault, phase, targets, detail);
  return { ...cluster.surroundings, random, tell };
}

function targetsOf(word: string, { cluster, random }: StepContext): readonly string[] {
  const resolved = resolveTargets(word, cluster.population, random);
  if (!resolved.ok) throw new StepFailure(resolved.error);
  return resolved.targets;
}

/** Containers that the targets are cut off from: by name, all clients that there are, or those of the ledger. */
export function othersOf(word: string, context: StepContext): readonly string[] {
  return LEDGER_WORDS.includes(word) ? context.cluster.storeNames : targetsOf(word, context);
}

function detailOf(parameters: Record<string, unknown>): string | undefined {
  // That it stays like that shows by the end that does not come.
  const { downMs, stayDown: _stayDown, from, direction, ...others } = parameters;
  const parts = [
    ...(Array.isArray(from) ? [`from ${from.join(', ')}${direction === 'one-way' ? ', one way' : ''}`] : []),
    ...Object.entries(others).map(([name, value]) => `${name} ${String(value)}`),
    ...(downMs === undefined ? [] : [`down for ${String(downMs)} ms`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** @throws StepFailure for a target that is not down */
export async function startNodes(step: StartStep, context: StepContext): Promise<void> {
  const down = [...context.down.keys()];
  // Which members of the store, or which nodes, a fault drew only the seed knows.
  const names = step.nodes.flatMap((word) => {
    if (word === WHOLE_STORE) return context.cluster.storeNames.filter((name) => down.includes(name));
    return word === ALL_OF_THEM ? down : [word];
  });
  if (names.length === 0) throw new StepFailure(`"${step.text}" failed: nobody is down`);
  await Promise.all(
    names.map(async (name) => {
      const fault = FAULTS.get(context.down.get(name) ?? '');
      if (fault === undefined) throw new StepFailure(`"${step.text}" failed: ${name} is not down`);
      const surroundings = surroundingsOf(fault, context);
      try {
        await fault.mend([context.cluster.breakable(name)], surroundings);
      } catch (error) {
        throw new StepFailure(`"${step.text}" failed: ${(error as Error).message}`);
      }
      context.down.delete(name);
      if (fault.tells === 'lab') surroundings.tell('end', [name]);
    }),
  );
}

/** @throws StepFailure for a target that nothing is in force on */
export async function healCuts(step: HealStep, context: StepContext): Promise<void> {
  const { cuts, disturbances } = context.cluster.surroundings;
  const everybody = step.targets.includes(ALL_OF_THEM);
  const targets = everybody ? [...cuts.all, ...disturbances.all].flatMap((one) => one.targets) : step.targets;
  const cut = (await cuts.healAllOf(targets)).map((one) => ({ ...one, fault: 'partition', detail: '' }));
  const healed = [...cut, ...(await disturbances.healAllOf(targets))];
  const whole = targets.find((target) => !healed.some((one) => one.targets.includes(target)));
  if (whole !== undefined || healed.length === 0)
    throw new StepFailure(
      `"${step.text}" failed: ${whole ?? 'everybody'} is cut off from nobody, and nothing else ails it`,
    );
  for (const { fault, targets: names, detail } of healed) {
    const known = FAULTS.get(fault);
    if (detail !== null && known !== undefined)
      surroundingsOf(known, context).tell('end', names, detail === '' ? undefined : detail);
  }
}
