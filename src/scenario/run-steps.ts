/** Carries out the steps of a scenario, one function per kind. */
import { FAULTS } from '../faults/registry.ts';
import { LIFE_ENDING_FAULTS } from '../history/events.ts';
import { askClient } from './client-steps.ts';
import { faultParameters } from './fault-catalogue.ts';
import type { FaultStep, LoopStep, RecoveryStep, StartStep, Step, StopStep, WaitStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';
import { waitFor } from './wait-step.ts';

/** Starting, stopping and steering an agent's loops is a matter of milliseconds. */
const AGENT_MS = 5000;

/**
 * Runs steps one after another.
 * @throws StepFailure names the step that did not come to what the scenario expects
 */
export async function runSteps(steps: readonly Step[], context: StepContext): Promise<void> {
  for (const step of steps) {
    if (context.over) return;
    if (context.cluster.lost !== null) throw new StepFailure(context.cluster.lost);
    context.progress(step.text);
    context.record({ kind: 'run', t: context.stamp(), event: 'step', text: step.text });
    await runStep(step, context);
  }
}

function runStep(step: Step, context: StepContext): Promise<void> {
  switch (step.do) {
    case 'loop':
      return startLoop(step, context);
    case 'stop':
      return stopLoops(step, context);
    case 'fault':
      return injectFault(step, context);
    case 'start':
      return startNodes(step, context);
    case 'wait':
      return waitFor(step as WaitStep, context);
    case 'recovery':
      return steerRecovery(step, context);
    case 'parallel':
      return inParallel(step.branches, context);
    case 'repeat':
      return repeat(step.steps, step.times, context);
    default:
      return askClient(step, context);
  }
}

async function startLoop(step: LoopStep, context: StepContext): Promise<void> {
  const { loop, client, owner, file, span, mode, everyMs, body, until } = step;
  const parameters = { loop, owner, file, ...span, mode, everyMs, body, ...(until && { until }) };
  const reply = await context.cluster.client(client).command('loop', parameters, AGENT_MS);
  if (!reply.ok) throw new StepFailure(`"${step.text}" failed: ${reply.error}`);
  context.loops.set(loop, client);
}

async function stopLoops(step: StopStep, context: StepContext): Promise<void> {
  for (const loop of step.loops) await stopLoop(loop, context);
}

/** Ends one loop; what it had in hand is finished first. */
export async function stopLoop(loop: string, context: StepContext): Promise<void> {
  const client = context.loops.get(loop);
  if (client === undefined) throw new StepFailure(`the loop "${loop}" does not run`);
  context.loops.delete(loop);
  const reply = await context.cluster.client(client).command('stop-loop', { loop }, AGENT_MS);
  if (!reply.ok) throw new StepFailure(`the loop "${loop}" did not stop: ${reply.error}`);
}

async function injectFault(step: FaultStep, context: StepContext): Promise<void> {
  const { fault, targets } = step;
  const chosen = FAULTS.get(fault);
  if (!chosen) throw new StepFailure(`there is no fault called "${fault}"`);
  const parameters = faultParameters(step, (down) => context.draw(down));
  const t = context.stamp();
  if (LIFE_ENDING_FAULTS.has(fault)) {
    context.lastFaultAt = t;
    for (const target of targets) context.faultAt.set(target, t);
  }
  const detail = 'downMs' in parameters ? { detail: `down for ${String(parameters.downMs)} ms` } : {};
  context.record({ kind: 'fault', t, phase: 'begin', fault, targets, ...detail });
  try {
    const nodes = targets.map((target) => context.cluster.node(target));
    await chosen.inject(nodes, chosen.parameters.parse(parameters), context.clock);
  } catch (error) {
    throw new StepFailure(`"${step.text}" failed: ${(error as Error).message}`);
  }
  if (step.down === 'until-start') for (const target of targets) context.down.set(target, fault);
  else context.record({ kind: 'fault', t: context.stamp(), phase: 'end', fault, targets });
}

async function startNodes(step: StartStep, context: StepContext): Promise<void> {
  await Promise.all(
    step.nodes.map(async (name) => {
      const fault = context.down.get(name);
      if (fault === undefined) throw new StepFailure(`"${step.text}" failed: ${name} is not down`);
      try {
        await FAULTS.get(fault)?.mend([context.cluster.node(name)]);
      } catch (error) {
        throw new StepFailure(`"${step.text}" failed: ${(error as Error).message}`);
      }
      context.down.delete(name);
      context.record({ kind: 'fault', t: context.stamp(), phase: 'end', fault, targets: [name] });
    }),
  );
}

async function steerRecovery(step: RecoveryStep, context: StepContext): Promise<void> {
  const reply = await context.cluster
    .client(step.client)
    .command('recovery', { behaviour: step.behaviour }, AGENT_MS);
  if (!reply.ok) throw new StepFailure(`"${step.text}" failed: ${reply.error}`);
  if (step.behaviour === 'confirm-only') context.confirmOnly.add(step.client);
  else context.confirmOnly.delete(step.client);
}

/** Waits for all branches, also when one fails: what is half done would disturb what comes after. */
async function inParallel(branches: readonly (readonly Step[])[], context: StepContext): Promise<void> {
  const outcomes = await Promise.allSettled(branches.map((branch) => runSteps(branch, context)));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

async function repeat(steps: readonly Step[], times: number, context: StepContext): Promise<void> {
  for (let round = 0; round < times && !context.over; round += 1) await runSteps(steps, context);
}
