import type { GracePhase, Moment, NodeKnowledge } from '../check/moment.ts';
import { atTime } from '../check/words.ts';

const PHASES: Readonly<Record<GracePhase, string>> = {
  'no-grace': 'no grace',
  enforcing: 'in grace, barrier not seen',
  reclaiming: 'in grace, past the barrier',
};

/** `Known at 4.099 s (ledger: view 5, no grace)`. */
export function momentTitle({ t, ledger }: Moment): string {
  const grace = ledger?.recoveryEpoch == null ? 'no grace' : `grace for epoch ${ledger.recoveryEpoch}`;
  return `Known at ${atTime(t)}${ledger === null ? '' : ` (ledger: view ${ledger.view}, ${grace})`}`;
}

/** `incarnation 1, view 5, no grace`. */
export function knowledgeOf({ incarnation, view, phase, down, notes }: NodeKnowledge): string {
  const life = incarnation === null ? [] : [`incarnation ${incarnation}`];
  if (down !== null)
    return [`down since ${atTime(down.since)} (${down.why})`, ...life.map((text) => `was ${text}`)].join(
      ', ',
    );
  return [
    ...life,
    ...(view === null ? [] : [`view ${view}`]),
    phase === null ? 'nothing said of grace' : PHASES[phase],
    ...notes,
  ].join(', ');
}

/** `n1: incarnation 1, view 5, no grace`. */
export const knowledgeLine = (node: NodeKnowledge): string => `${node.node}: ${knowledgeOf(node)}`;
