import type { FaultStep } from '../scenario.ts';
import { parseNames, parsePause, phrase, type Refusal } from './words.ts';

/** `power-cut n1 for 500ms`, taken apart. */
export interface FaultPhrase {
  readonly fault: string;
  readonly targets: readonly string[];
  /** `for 500ms`, `until start`, or neither: the fault's own default. */
  readonly down: FaultStep['down'];
}

/** `FAULT NODE... [for DURATION[..DURATION] | until start]`. */
export function parseFault(text: string): FaultPhrase | Refusal {
  const words = text.trim().split(/\s+/);
  const [fault = '', ...rest] = words;
  const tail = rest.findIndex((word) => word === 'for' || word === 'until');
  const targets = parseNames('a node')((tail < 0 ? rest : rest.slice(0, tail)).join(' '));
  if (rest.length === 0 || tail === 0)
    return { refused: `"${text}" does not say which node; write it like "${fault} n1"` };
  if ('refused' in targets) return targets;
  if (tail < 0) return { fault, targets, down: null };
  const [how, ...what] = rest.slice(tail);
  if (how === 'until')
    return what.join(' ') === 'start'
      ? { fault, targets, down: 'until-start' }
      : {
          refused: `"until ${what.join(' ')}" is not known; write "until start" and bring the node back with a start step`,
        };
  const down = parsePause(what.join(' '));
  return 'refused' in down ? down : { fault, targets, down };
}

/** See {@link parseFault}. */
export const faultPhrase = phrase(
  'write which fault hits which node, like "power-cut n1 for 500ms"',
  parseFault,
).meta({
  description: 'FAULT NODE... [for DURATION | until start], e.g. "power-cut n1 for 500ms"',
  pattern:
    '^\\s*[a-z-]+(\\s+[a-z][a-z0-9-]*)+(\\s+(for\\s+\\d+(\\.\\d+)?(ms|s|m)(\\.\\.\\d+(\\.\\d+)?(ms|s|m))?|until\\s+start))?\\s*$',
});
