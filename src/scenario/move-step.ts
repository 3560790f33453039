/**
 * A planned move, with its clients, of a service address, or of the filesystem of one of several lock domains, from the live node that serves it
 * to another; back to its owner, that is a failback.
 */
import { askUntilExpected, recordSwap } from './operator-desk.ts';
import { CALLED_OFF, type MoveStep } from './scenario.ts';
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
  const mayFail = step.expect.includes(CALLED_OFF);
  // To come to nothing it must have begun.
  const asked = mayFail ? { ...step, expect: [...step.expect, 'OK'] } : step;
  const { done } = await askUntilExpected(asked, place, context, async (operator) => {
    const sentAt = context.stamp();
    const outcome = await operator.move(what, owner, to);
    if (outcome.done) {
      context.record({ ...begin, t: begunAt, phase: 'begin', detail: `to ${to}` });
      recordSwap('migrate', sentAt, outcome, context, label);
    }
    return outcome;
  });
  if (!done) return;
  const { observations } = cluster;
  const arrived = () => observations.serverOf(name ?? '', owner) === to;
  const calledOff = () => mayFail && observations.movingTo(name ?? '', owner) !== to && !arrived();
  await context.until(() => arrived() || calledOff(), withinMs, `the end of "${text}"`);
  const off = calledOff();
  if (!off && !step.expect.includes('OK'))
    throw new StepFailure(`"${text}" was to end with ${step.expect.join(' or ')} and ended with OK`);
  const detail = off ? { detail: 'nothing came of it' } : {};
  context.record({ ...begin, t: context.stamp(), phase: 'end', ...detail });
}
