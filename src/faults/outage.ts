/** What the faults have in common that take nodes down: they go at the same time, and come back at the same time or not at all. */
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { type BreakableNode, type Fault, ORDINARY } from './fault.ts';

/** Longer outages are made with `stayDown` and a later start. */
export const MAX_DOWN_MS = 3_600_000;

const outageParameters = z
  .strictObject({
    /** From the moment when nothing of the nodes is left to the beginning of their next boot. */
    downMs: z.number().int().min(0).max(MAX_DOWN_MS).optional(),
    /** Leave them down; something else starts them. */
    stayDown: z.boolean().optional(),
  })
  .refine(({ downMs, stayDown }) => !(stayDown === true && downMs !== undefined), {
    message: 'a node that stays down has no downMs',
  })
  .transform(({ downMs = 0, stayDown = false }) => ({ downMs, stayDown }));

type OutageParameters = z.output<typeof outageParameters>;

/**
 * A fault that takes its targets down by `take` and boots them again. A target that is down already is not
 * taken down again but is booted with the others, as the power of a whole rack comes back for all.
 * @param whileDown is done to each of them between that
 */
export function outage(
  name: string,
  about: string,
  take: (node: BreakableNode) => Promise<void>,
  otherwise: Partial<Pick<Fault, 'targets' | 'endsLife' | 'needs'>> = {},
  whileDown: (node: BreakableNode) => Promise<void> = async () => {},
): Fault<OutageParameters> {
  return {
    ...ORDINARY,
    name,
    about,
    endsLife: true,
    ...otherwise,
    parameters: outageParameters,
    async inject(targets, { downMs, stayDown }, { clock }) {
      await all(targets.filter((node) => node.running).map(take));
      await all(targets.map(whileDown));
      if (stayDown) return;
      await pause(clock, downMs);
      await startDown(targets);
    },
    mend: startDown,
  };
}

/** Those that run lose power at once. */
export const cutPower = (targets: readonly BreakableNode[]): Promise<void> =>
  all(targets.filter((one) => one.running).map((one) => one.powerCut()));

/** Boots those that are down. */
export const startDown = (targets: readonly BreakableNode[]): Promise<void> =>
  all(targets.filter((one) => !one.running).map((one) => one.start()));

/** Waits for every one, also when one fails: what is half done would disturb what comes after. @throws the first failure */
export async function all(doings: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(doings);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => clock.after(ms, resolve));
}
