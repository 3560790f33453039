/**
 * A planned move, with its clients, of a service address, or of the filesystem of one of several lock domains, from the live node that serves it
 * to another; back to its owner, that is a failback.
 */
import { askUntilExpected, recordSwap } from './operator-desk.ts';
import type { MoveStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

/**
 * Ends when that leads to where it should; the clients may still be on their way.
 * @throws StepFailure when it comes to something else than the step expects
 */
export async function move(step: MoveStep, context: StepContext): Promise<void> {
  const { cluster } = context;
  const { domain: name, owner, to, text, withinMs } = step;
  const place = cluster.domainsOf(owner).find(({ domain }) => name === null || domain.name === name);
  if (place === undefined) throw new StepFailure(`"${text}" failed: ${owner} is not in that lock domain`);
  const what = name === null ? 'address' : 'filesystem';
  const label = cluster.labelOf(place.domain);
  const begin = { kind: 'fault', fault: 'migrate', targets: [owner], endsLife: false, ...label } as const;
  const begunAt = context.stamp();
  const { done } = await askUntilExpected(step, place, context, async (operator) => {
    const sentAt = context.stamp();
    const outcome = await operator.move(what, owner, to);
    if (outcome.done) {
      context.record({ ...begin, t: begunAt, phase: 'begin', detail: `to ${to}` });
      recordSwap('migrate', sentAt, outcome, context, label);
    }
    return outcome;
  });
  if (!done) return;
  const arrived = () => cluster.observations.serverOf(name ?? '', owner) === to;
  await context.until(arrived, withinMs, `the end of "${text}"`);
  context.record({ ...begin, t: context.stamp(), phase: 'end' });
}
