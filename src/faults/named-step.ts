/** What faults have in common that happen when a node comes by a named step of the protocol. */
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { PROTOCOL_STEP_NAMES } from '../core/protocol-steps.ts';
import { armStep, type BreakableNode } from './fault.ts';

const MAX_PATIENCE_MS = 600_000;
const DEFAULT_PATIENCE_MS = 10_000;

/** Parameters that each of them takes. */
export const NAMED_STEP = {
  /** Where it happens. */
  at: z.enum(PROTOCOL_STEP_NAMES, {
    error: () => `"at" names a step of the protocol, one of ${PROTOCOL_STEP_NAMES.join(', ')}`,
  }),
  /** Which time it comes by in one life. */
  nth: z.int().min(1).max(1000).default(1),
  /** How long it is waited for. */
  patienceMs: z.number().int().min(1).max(MAX_PATIENCE_MS).default(DEFAULT_PATIENCE_MS),
  /** It need not come by there. */
  maybe: z.boolean().default(false),
};

export const NAMED_STEP_OPTIONS = {
  at: 'the step; `gracelab fault --list` has them',
  nth: 'which time the node comes by there in one life (1)',
  patienceMs: 'how long it is waited for in milliseconds (10000)',
  maybe: 'true: no failure when the node does not come by there',
};

type NamedStep = z.output<z.ZodObject<typeof NAMED_STEP>>;

/**
 * Waits until it stands still there.
 * @param stallMs for how long it does; null: until it is killed
 * @returns did it come by? False only where it need not.
 */
export async function standsAt(
  node: BreakableNode,
  { at, nth, patienceMs, maybe }: NamedStep,
  stallMs: number | null,
  clock: Clock,
): Promise<boolean> {
  const reached = armStep(node, { step: at, nth, stallMs });
  if (await within(reached, patienceMs, clock)) return true;
  node.disarm?.();
  if (maybe) return false;
  throw new Error(`${node.name} did not come to ${at} within ${patienceMs} ms`);
}

async function within(event: Promise<void>, ms: number, clock: Clock): Promise<boolean> {
  let cancel = () => {};
  const late = new Promise<false>((resolve) => {
    cancel = clock.after(ms, () => resolve(false));
  });
  const happened = await Promise.race([event.then(() => true), late]);
  cancel();
  return happened;
}
