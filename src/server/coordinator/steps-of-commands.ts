/** Which named steps lie on either side of a swap. */
import type { ProtocolStep } from '../../core/protocol-steps.ts';
import type { Command } from '../../core/transitions.ts';
import type { Steps } from '../named-steps.ts';

type StepOf = Partial<Record<Command['type'], ProtocolStep>>;

const BEFORE: StepOf = {
  'report-death': 'before-death-report',
  acknowledge: 'before-acknowledgement',
  finish: 'before-finish',
  inherit: 'before-inherit',
};

const AFTER: StepOf = {
  'report-death': 'after-death-report',
  acknowledge: 'after-acknowledgement',
  inherit: 'after-inherit',
};

function tell(steps: Steps | undefined, step: ProtocolStep | undefined): void {
  if (step !== undefined) steps?.at(step);
}

export function stepBefore(steps: Steps | undefined, { type }: Command, lifts: boolean): void {
  tell(steps, BEFORE[type]);
  if (lifts) steps?.at('before-lift');
}

/** The swap is in the ledger, and in the history; this node goes by the ledger before it still. */
export function stepAfter(steps: Steps | undefined, { type }: Command, lifts: boolean): void {
  tell(steps, AFTER[type]);
  if (lifts) steps?.at('between-lift-and-memory');
}
