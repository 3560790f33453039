/** `the reply to the third LOCK of alice`: which message, in words. */
import type { MessageRule } from '../../core/message-rule.ts';

export interface MessagePhrase extends Pick<MessageRule, 'direction' | 'operation' | 'nth'> {
  /** A client by name; null: whoever it is. */
  readonly client: string | null;
}

const ORDINALS = [
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
];
const FILLERS = new Set(['the', 'a', 'an', 'to']);
const CALL_WORDS = new Set(['call', 'request']);

function ordinalOf(word: string): number | null {
  const named = ORDINALS.indexOf(word);
  if (named >= 0) return named + 1;
  const match = /^(\d+)(st|nd|rd|th)$/.exec(word);
  return match === null ? null : Number(match[1]);
}

/**
 * `RECLAIM_COMPLETE` (the request), `OPEN reply`, `the reply to the third LOCK`, `2nd LOCKU of alice`, `any reply`.
 * @param operations names that there are
 * @returns one sentence when it is none
 */
export function parseMessage(
  text: string,
  operations: readonly string[],
): MessagePhrase | { readonly refused: string } {
  const [what = '', ...owner] = text.trim().split(/\s+of\s+/);
  let direction: MessageRule['direction'] = 'call';
  let operation: string | null = null;
  let nth = 1;
  let any = false;
  for (const word of what.split(/\s+/).filter((one) => one !== '' && !FILLERS.has(one))) {
    const ordinal = ordinalOf(word);
    if (word === 'reply') direction = 'reply';
    else if (ordinal !== null && ordinal >= 1) nth = ordinal;
    else if (word === 'any') any = true;
    else if (operations.includes(word)) operation = word;
    else if (!CALL_WORDS.has(word))
      return {
        refused: `"${word}" in "${text}" is no operation; write it like "the reply to the third LOCK"`,
      };
  }
  if (operation === null && !any)
    return {
      refused: `"${text}" names no operation; write it like "RECLAIM_COMPLETE" or "the reply to the third LOCK"`,
    };
  if (owner.length > 1 || (owner[0] !== undefined && !/^[a-z][a-z0-9-]*$/.test(owner[0])))
    return { refused: `"${text}" names no client behind "of"` };
  return { direction, operation, nth, client: owner[0] ?? null };
}
