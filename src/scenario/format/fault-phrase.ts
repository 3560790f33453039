import type { FaultStep } from '../scenario.ts';
import { parseNames, parsePause, phrase, type Refusal } from './words.ts';

/** `power-cut n1 for 500ms`, taken apart. */
export interface FaultPhrase {
  readonly fault: string;
  readonly targets: readonly string[];
  /** `from ledger`: what a partition cuts the targets off from. */
  readonly from: readonly string[] | null;
  /** `for 500ms`, `until start`, or neither: the fault's own default. */
  readonly down: FaultStep['down'];
  /** `at STEP`: where it happens. */
  readonly at: string | null;
}

const UNTIL = { start: 'until-start', heal: 'until-heal' } as const;

const AT = /^[a-z][a-z-]*$/;

/** The words before the first of `ends`, and the rest. */
function split(words: readonly string[], ends: readonly string[]): [readonly string[], readonly string[]] {
  const at = words.findIndex((word) => ends.includes(word));
  return at < 0 ? [words, []] : [words.slice(0, at), words.slice(at)];
}

/** `FAULT TARGET... [at STEP] [from NAME...] [for DURATION[..DURATION] | until start | until heal]`. */
export function parseFault(text: string): FaultPhrase | Refusal {
  const [fault = '', ...words] = text.trim().split(/\s+/);
  const [who, behind] = split(words, ['at', 'from', 'for', 'until']);
  if (who.length === 0) return { refused: `"${text}" does not say which node; write it like "${fault} n1"` };
  const targets = parseNames('a node')(who.join(' '));
  if ('refused' in targets) return targets;
  const [at = null, rest] = behind[0] === 'at' ? [behind[1], behind.slice(2)] : [null, behind];
  if (behind[0] === 'at' && (at === null || !AT.test(at)))
    return {
      refused: `"${text}" does not say at which step; write it like "${fault} n1 at after-acknowledgement"`,
    };
  const first = rest[0];
  if (first !== undefined && !['from', 'for', 'until'].includes(first))
    return { refused: `"${first}" in "${text}" is one word too many` };
  const [others, tail] = rest[0] === 'from' ? split(rest.slice(1), ['for', 'until']) : [null, rest];
  if (others?.length === 0)
    return { refused: `"${text}" does not say from whom; write it like "${fault} n1 from ledger"` };
  const from = others === null ? null : parseNames('a container')(others.join(' '));
  if (from !== null && 'refused' in from) return from;
  const [how, ...what] = tail;
  if (how === undefined) return { fault, targets, from, at, down: null };
  if (how === 'until') {
    const mending = what.join(' ');
    if (mending === 'start' || mending === 'heal') return { fault, targets, from, at, down: UNTIL[mending] };
    return {
      refused: `"until ${mending}" is not known; write "until start" and bring the node back with a start step, or, of a partition, "until heal"`,
    };
  }
  const down = parsePause(what.join(' '));
  return 'refused' in down ? down : { fault, targets, from, at, down };
}

const NAMES = '(\\s+[a-z][a-z0-9-]*)+';
const DURATION = '\\d+(\\.\\d+)?(ms|s|m)';

/** See {@link parseFault}. */
export const faultPhrase = phrase(
  'write which fault hits which node, like "power-cut n1 for 500ms"',
  parseFault,
).meta({
  description:
    'FAULT TARGET... [at STEP] [from NAME...] [for DURATION | until start | until heal], e.g. "power-cut n1 for 500ms", "partition n1 from ledger until heal"',
  pattern: `^\\s*[a-z-]+${NAMES}(\\s+at\\s+[a-z][a-z-]*)?(\\s+from${NAMES})?(\\s+(for\\s+${DURATION}(\\.\\.${DURATION})?|until\\s+(start|heal)))?\\s*$`,
});
