/** A planned move of a service address with its clients, from the live node that carries it to another; back to its owner, that is a failback. */
import { askUntilExpected, recordSwap } from './operator-desk.ts';
import type { MoveStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

/**
 * Ends when the address leads to where it should; its clients may still be on their way.
 * @throws StepFailure when it comes to something else than the step expects
 */
export async function moveAddress(step: MoveStep, context: StepContext): Promise<void> {
  const { cluster } = context;
  const { owner, to, text, withinMs } = step;
  const [place] = cluster.domainsOf(owner);
  if (place === undefined) throw new StepFailure(`"${text}" failed: ${owner} is in no lock domain`);
  const begin = { kind: 'fault', fault: 'migrate', targets: [owner], endsLife: false } as const;
  const begunAt = context.stamp();
  const { done } = await askUntilExpected(step, place, context, async (operator) => {
    const sentAt = context.stamp();
    const outcome = await operator.move(owner, to);
    if (outcome.done) {
      context.record({ ...begin, t: begunAt, phase: 'begin', detail: `to ${to}` });
      recordSwap('migrate', sentAt, outcome, context);
    }
    return outcome;
  });
  if (!done) return;
  const arrived = () => cluster.observations.carrierOf(owner) === to;
  await context.until(arrived, withinMs, `the end of "${text}"`);
  context.record({ ...begin, t: context.stamp(), phase: 'end' });
}
