/** Steps that break something, and steps that mend it. */
import { FAULTS } from '../faults/registry.ts';
import { LEDGER_WORDS, resolveTargets, WHOLE_STORE } from '../faults/targets.ts';
import { faultParameters } from './fault-catalogue.ts';
import type { FaultStep, HealStep, StartStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

const CLIENTS_WORD = 'clients';

/** @throws StepFailure when the fault could not be made or mended */
export async function injectFault(step: FaultStep, context: StepContext): Promise<void> {
  const { cluster } = context;
  const { fault } = step;
  const chosen = FAULTS.get(fault);
  if (!chosen) throw new StepFailure(`there is no fault called "${fault}"`);
  const targets = step.targets.flatMap((target) => targetsOf(target, context));
  const from = step.from?.flatMap((word) => othersOf(word, context)) ?? null;
  const parameters = faultParameters({ ...step, from }, (down) => context.draw(down));
  const told = { fault, targets, ...(ofStore(targets, context) && { endsLife: false }) };
  context.record({ kind: 'fault', t: context.stamp(), phase: 'begin', ...told, ...detailOf(parameters) });
  try {
    const broken = targets.map((target) => cluster.breakable(target));
    await chosen.inject(broken, chosen.parameters.parse(parameters), cluster.surroundings);
  } catch (error) {
    throw new StepFailure(`"${step.text}" failed: ${(error as Error).message}`);
  }
  if (step.down === 'until-start') for (const target of targets) context.down.set(target, fault);
  if (typeof step.down !== 'string')
    context.record({ kind: 'fault', t: context.stamp(), phase: 'end', ...told });
}

/** A member of the store that dies ends no node's life. */
const ofStore = (targets: readonly string[], { cluster }: StepContext): boolean =>
  targets.every((target) => cluster.storeNames.includes(target));

function targetsOf(word: string, { cluster, random }: StepContext): readonly string[] {
  const population = { nodes: cluster.nodes.map(({ name }) => name), stores: cluster.storeNames };
  const resolved = resolveTargets(word, population, random);
  if (!resolved.ok) throw new StepFailure(resolved.error);
  return resolved.targets;
}

/** Containers that the targets are cut off from: by name, all clients that there are, or those of the ledger. */
export function othersOf(word: string, context: StepContext): readonly string[] {
  const { cluster } = context;
  if (word === CLIENTS_WORD) return cluster.clients.map(({ name }) => name);
  if (LEDGER_WORDS.includes(word)) return cluster.storeNames;
  return cluster.clients.some(({ name }) => name === word) ? [word] : targetsOf(word, context);
}

function detailOf({ downMs, from, direction }: Record<string, unknown>): { readonly detail?: string } {
  const parts = [
    ...(Array.isArray(from) ? [`from ${from.join(', ')}${direction === 'one-way' ? ', one way' : ''}`] : []),
    ...(downMs === undefined ? [] : [`down for ${String(downMs)} ms`]),
  ];
  return parts.length === 0 ? {} : { detail: parts.join(', ') };
}

/** @throws StepFailure for a target that is not down */
export async function startNodes(step: StartStep, context: StepContext): Promise<void> {
  // Which members of the store a fault drew only the seed knows.
  const names = step.nodes.flatMap((word) =>
    word === WHOLE_STORE ? context.cluster.storeNames.filter((name) => context.down.has(name)) : [word],
  );
  if (names.length === 0) throw new StepFailure(`"${step.text}" failed: nobody is down`);
  await Promise.all(
    names.map(async (name) => {
      const fault = context.down.get(name);
      if (fault === undefined) throw new StepFailure(`"${step.text}" failed: ${name} is not down`);
      try {
        await FAULTS.get(fault)?.mend([context.cluster.breakable(name)], context.cluster.surroundings);
      } catch (error) {
        throw new StepFailure(`"${step.text}" failed: ${(error as Error).message}`);
      }
      context.down.delete(name);
      const told = { fault, targets: [name], ...(ofStore([name], context) && { endsLife: false }) };
      context.record({ kind: 'fault', t: context.stamp(), phase: 'end', ...told });
    }),
  );
}

/** @throws StepFailure for a target that no partition cuts off */
export async function healCuts(step: HealStep, context: StepContext): Promise<void> {
  const healed = await context.cluster.surroundings.cuts.healAllOf(step.targets);
  const whole = step.targets.find((target) => !healed.some((cut) => cut.targets.includes(target)));
  if (whole !== undefined) throw new StepFailure(`"${step.text}" failed: ${whole} is cut off from nobody`);
  for (const { targets } of healed)
    context.record({ kind: 'fault', t: context.stamp(), phase: 'end', fault: 'partition', targets });
}
