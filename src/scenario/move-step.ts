/** A planned move of a service address with its clients, from the live node that carries it to another; back to its owner, that is a failback. */
import { asNodeId } from '../core/ids.ts';
import { OPERATOR } from '../history/events.ts';
import type { MoveStep } from './scenario.ts';
import { type StepContext, StepFailure } from './step-context.ts';

/** What may come to pass by itself is asked for again so often. */
const RETRY_MS = 25;

/**
 * Ends when the address leads to where it should; its clients may still be on their way.
 * @throws StepFailure when it comes to something else than the step expects
 */
export async function moveAddress(step: MoveStep, context: StepContext): Promise<void> {
  const { cluster } = context;
  const { owner, to, text, withinMs } = step;
  const begin = { kind: 'fault', fault: 'migrate', targets: [owner], endsLife: false } as const;
  const begunAt = context.stamp();
  const status = await askOperator(step, context, () =>
    context.record({ ...begin, t: begunAt, phase: 'begin', detail: `to ${to}` }),
  );
  if (!step.expect.includes(status))
    throw new StepFailure(`"${text}" was to end with ${step.expect.join(' or ')} and ended with ${status}`);
  if (status !== 'OK') return;
  const arrived = () => cluster.observations.carrierOf(owner) === to;
  await context.until(arrived, withinMs, `the end of "${text}"`);
  context.record({ ...begin, t: context.stamp(), phase: 'end' });
}

/** The ledger may be about to come to where the move is possible: a step that expects `OK` waits for that. */
async function askOperator(
  { owner, to, expect, withinMs, text }: MoveStep,
  context: StepContext,
  onBegun: () => void,
): Promise<string> {
  const { cluster, clock } = context;
  const [at] = cluster.domainsOf(owner);
  if (at === undefined) throw new StepFailure(`"${text}" failed: ${owner} is in no lock domain`);
  const operator = await context.openOperator(at.at, cluster.fencerOf(''));
  try {
    for (const giveUpMs = clock.nowMs() + withinMs; ; ) {
      const sentAt = context.stamp();
      const outcome = await operator.move(asNodeId(owner), asNodeId(to));
      if (outcome.done) {
        onBegun();
        const { ledger, revision } = outcome;
        const swap = { command: 'migrate', ledger, revision, node: OPERATOR, incarnation: 0 };
        context.record({ kind: 'ledger', t: context.stamp(), sentAt, ...swap });
        return 'OK';
      }
      if (expect.includes(outcome.refusal) || context.over || clock.nowMs() >= giveUpMs)
        return outcome.refusal;
      await context.pause(RETRY_MS);
    }
  } catch (error) {
    throw new StepFailure(`"${text}" failed: ${(error as Error).message}`);
  } finally {
    await operator[Symbol.asyncDispose]();
  }
}
