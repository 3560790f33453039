/** What steps of an operator have in common: they ask until the ledger's rules allow it, or refuse it as expected, and record what they change. */
import { OPERATOR } from '../history/events.ts';
import type { Operator, OperatorsDomain, RepairOutcome } from './operator.ts';
import type { DomainShape, MoveStep, RepairStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

/** What may come to pass by itself is asked for again so often. */
const RETRY_MS = 25;

type OperatorStep = MoveStep | RepairStep;

/**
 * The ledger may be about to come to where it is possible: a step that expects `OK` waits for that.
 * @param place the lock domain, and where its ledger is
 * @returns what the step expects
 * @throws StepFailure when it comes to something else within the step's time, or the store does not answer
 */
export async function askUntilExpected(
  step: OperatorStep,
  { domain, at }: { readonly domain: DomainShape; readonly at: OperatorsDomain },
  context: StepContext,
  attempt: (operator: Operator) => Promise<RepairOutcome>,
): Promise<RepairOutcome> {
  const { cluster } = context;
  try {
    await using operator = await context.openOperator(
      at,
      cluster.fencerOf(cluster.labelOf(domain).domain ?? ''),
    );
    return await repeatedly(step, context, () => attempt(operator));
  } catch (error) {
    if (error instanceof StepFailure) throw error;
    throw new StepFailure(`"${step.text}" failed: ${(error as Error).message}`);
  }
}

async function repeatedly(
  { text, expect, withinMs }: OperatorStep,
  context: StepContext,
  attempt: () => Promise<RepairOutcome>,
): Promise<RepairOutcome> {
  const giveUpMs = context.clock.nowMs() + withinMs;
  for (;;) {
    const outcome = await attempt();
    const status = outcome.done ? 'OK' : outcome.refusal;
    if (expect.includes(status)) return outcome;
    if (outcome.done || context.over || context.clock.nowMs() >= giveUpMs) {
      const why = outcome.done ? '' : ` (${outcome.sentence.replace(/\.$/, '')})`;
      throw new StepFailure(
        `"${text}" was to end with ${expect.join(' or ')} and ended with ${status}${why}`,
      );
    }
    await context.pause(RETRY_MS);
  }
}

/** A swap of the operator's, in the history. @param sentAt when it was asked for, in nanoseconds of the history */
export function recordSwap(
  command: string,
  sentAt: number,
  { ledger, revision }: Extract<RepairOutcome, { done: true }>,
  context: StepContext,
  label: { readonly domain?: string } = {},
): void {
  const swap = { command, ledger, revision, node: OPERATOR, incarnation: 0 };
  context.record({ kind: 'ledger', t: context.stamp(), sentAt, ...swap, ...label });
}
