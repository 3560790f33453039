/** Carries out the steps of a scenario, one function per kind. */
import { askClient } from './client-steps.ts';
import { healCuts, injectFault, startNodes } from './fault-steps.ts';
import { refuseImpostor } from './impostor-step.ts';
import { move } from './move-step.ts';
import { repairLedgers } from './repair-steps.ts';
import type { LoopStep, RecoveryStep, Step, StopStep } from './scenario.ts';
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
    case 'heal':
      return healCuts(step, context);
    case 'admit':
    case 'retire':
    case 'declare-dead':
    case 'abandon':
      return repairLedgers(step, context);
    case 'migrate':
      return move(step, context);
    case 'impostor':
      return refuseImpostor(step, context);
    case 'wait':
      return waitFor(step, context);
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
  const { loop, client, owner, file, span, mode, everyMs, holdMs, body, seed, until } = step;
  const order = { loop, owner, file, ...span, mode, everyMs, holdMs, body, seed };
  const parameters = { ...order, ...(until && { until }) };
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
