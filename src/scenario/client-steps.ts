/** Steps that one client carries out: a command to its agent, and a look at how it ended. */
import type { LockStep, Step, Target, UnlockStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

export type AskedStep = Extract<Step, Target & { expect: readonly string[] }>;

/** The agent's own time limit comes first, so that the status says what was not answered. */
const MARGIN_MS = 1000;
/** Owners of one step that are on their way at once. */
const OWNERS_AT_ONCE = 64;

/** @throws StepFailure when the client ends with a status that the step does not expect */
export async function askClient(step: AskedStep, context: StepContext): Promise<void> {
  if ((step.do === 'lock' || step.do === 'unlock') && step.owners > 1) await askForEachOwner(step, context);
  else await askOnce(step, step, context);
}

async function askOnce(step: AskedStep, target: Target, context: StepContext): Promise<void> {
  const timeoutMs = step.withinMs;
  const command = { owner: target.owner, file: target.file, ...wordsOf(step, target), timeoutMs };
  const reply = await context.cluster.actor(target.client).command(step.do, command, timeoutMs + MARGIN_MS);
  if (!reply.ok) throw new StepFailure(`"${step.text}" failed: ${reply.error}`);
  const status = String(reply.status);
  if (!step.expect.includes(status))
    throw new StepFailure(
      `"${step.text}" was to end with ${step.expect.join(' or ')} and ended with ${status}`,
    );
  if (step.do === 'read' && status === 'OK' && step.value !== null && reply.value !== step.value)
    throw new StepFailure(`"${step.text}" was to read "${step.value}" and read "${String(reply.value)}"`);
}

/** What the command needs beside owner and file. */
function wordsOf(step: AskedStep, { span }: Target): object {
  switch (step.do) {
    case 'lock':
      return { ...span, mode: step.mode, retry: step.retry, ...(step.by && { by: step.by }) };
    case 'unlock':
      return span;
    case 'read':
      return { offset: span.start, count: span.end === null ? 4096 : span.end - span.start };
    case 'write':
      return { offset: span.start, value: step.value, sync: step.sync };
    case 'update':
      return { offset: span.start, cached: step.cached };
    case 'open':
      return { access: step.access, create: step.create, deny: step.deny, exclusive: step.exclusive };
    case 'close':
      return {};
  }
}

/** Owner k of the step: a name and a slice of its own. `k` from 0. */
export function ownersTarget(step: LockStep | UnlockStep, k: number): Target {
  const { client, owner, file, span } = step;
  const length = (span.end ?? span.start) - span.start;
  return {
    client,
    owner: `${owner}-${k}`,
    file,
    span: { start: span.start + k * length, end: span.start + (k + 1) * length },
  };
}

async function askForEachOwner(step: LockStep | UnlockStep, context: StepContext): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < step.owners && !context.over) {
      next += 1;
      await askOnce(step, ownersTarget(step, next - 1), context);
    }
  };
  await Promise.all(Array.from({ length: Math.min(OWNERS_AT_ONCE, step.owners) }, worker));
}
