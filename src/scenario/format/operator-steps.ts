/** Steps of an operator: repairs of a ledger, planned moves of an address, and what must not work. */
import { z } from 'zod';
import type { RepairRefusal } from '../operator.ts';
import { CALLED_OFF, type MoveStep, type Repair, type Step } from '../scenario.ts';
import { ended, outcomes, type WrittenEnd, within } from './ends.ts';
import { name, parseNames, phrase, type Refusal } from './words.ts';

/** Refusals of the ledger's rules, and one of the operator's own: that life may still be there. */
const REPAIR_OUTCOMES = [
  'OK',
  'address-carried',
  'already-a-member',
  'already-down',
  'before-barrier',
  'claims-closed',
  'claims-open',
  'has-heir',
  'no-grace',
  'not-a-member',
  'still-alive',
  'still-serving',
] as const satisfies readonly ('OK' | RepairRefusal)[];
const repaired = outcomes(
  REPAIR_OUTCOMES,
  'What the repair must come to: OK (the default), or why the ledger refuses it',
);

/** What a planned move may come to: it is there, the ledger refuses it, or it has begun and nothing comes of it. */
export const MOVE_OUTCOMES = [
  'OK',
  'already-leaving',
  'already-there',
  CALLED_OFF,
  'in-grace',
  'moving',
  'not-a-member',
  'not-serving',
] as const satisfies readonly ('OK' | typeof CALLED_OFF | RepairRefusal)[];
const moved = outcomes(
  MOVE_OUTCOMES,
  'What the move must come to: OK (the default), why the ledger refuses it, or called-off: one of the two was lost on the way',
);

type Move = Pick<MoveStep, 'domain' | 'owner' | 'to'>;

const moveStep = (text: string, move: Move, end: WrittenEnd): Step => ({
  do: 'migrate',
  text,
  ...move,
  ...ended(end),
});

/** `home of n1`, or `n1`. */
function parseMoved(text: string): Omit<Move, 'to'> | Refusal {
  const words = text.trim().split(/\s+/);
  const [domain, of, owner] = words.length === 1 ? [null, 'of', words[0]!] : words;
  if (of !== 'of' || words.length > 3 || owner === undefined)
    return {
      refused: `"${text}" does not say what moves; write "n1", or "home of n1" where there are several lock domains`,
    };
  for (const [what, one] of [
    ['a lock domain', domain],
    ['a node', owner],
  ] as const) {
    const listed = one === null ? null : parseNames(what)(one!);
    if (listed !== null && 'refused' in listed) return listed;
  }
  return { domain: domain ?? null, owner };
}

function parseMove(text: string): Move | Refusal {
  const [what = '', to, ...rest] = text.trim().split(/\s+to(?:\s+|$)/);
  if (to === undefined || to === '' || /\s/.test(to) || rest.length > 0)
    return {
      refused: `"${text}" does not say what moves where; write it like "n1 to n2", or "home of n1 to n2"`,
    };
  const moved = parseMoved(what);
  if ('refused' in moved) return moved;
  const listed = parseNames('a node')(to);
  if ('refused' in listed) return listed;
  if (moved.owner === to)
    return {
      refused: `nothing moves to where it belongs; to bring it home write "failback: ${what.trim()}"`,
    };
  return { ...moved, to };
}

function parseFailback(text: string): Move | Refusal {
  const moved = parseMoved(text);
  return 'refused' in moved ? moved : { ...moved, to: moved.owner };
}

const NAME = '[a-z][a-z0-9-]*';
const MOVED = `(${NAME}\\s+of\\s+)?${NAME}`;
const movePhrase = phrase(
  'write whose address moves, and to which node, like "n1 to n2"; or a filesystem, like "home of n1 to n2"',
  parseMove,
).meta({
  description:
    "NODE to NODE: the first one's service address goes to the second, with its clients. DOMAIN of NODE to NODE: so does that filesystem",
  pattern: `^${MOVED}\\s+to\\s+${NAME}$`,
});
const failbackPhrase = phrase(
  'write whose address comes back, like "n1"; or a filesystem, like "home of n1"',
  parseFailback,
).meta({
  description: 'NODE: its service address comes back to it. DOMAIN of NODE: that filesystem does',
  pattern: `^${MOVED}$`,
});

/** One verb of an operator. */
function repair<Verb extends Repair>(verb: Verb) {
  return z
    .strictObject({ [verb]: name, expect: repaired.optional(), within } as Record<Verb, typeof name> & {
      expect: z.ZodOptional<typeof repaired>;
      within: typeof within;
    })
    .transform((written): Step => {
      const { expect, within, ...rest } = written as WrittenEnd;
      const node = (rest as Record<string, string>)[verb]!;
      return { do: verb, text: `${verb}: ${node}`, node, ...ended({ expect, within }) };
    });
}

/** By verb. */
export const OPERATOR_SCHEMAS = {
  admit: repair('admit'),
  retire: repair('retire'),
  'declare-dead': repair('declare-dead'),
  abandon: repair('abandon'),
  migrate: z
    .strictObject({ migrate: movePhrase, expect: moved.optional(), within })
    .transform(
      ({ migrate: { said, meaning }, ...rest }): Step => moveStep(`migrate: ${said}`, meaning, rest),
    ),
  impostor: z.strictObject({ impostor: name, within }).transform(
    ({ impostor, ...rest }): Step => ({
      do: 'impostor',
      text: `impostor: ${impostor}`,
      node: impostor,
      withinMs: ended(rest).withinMs,
    }),
  ),
  failback: z
    .strictObject({ failback: failbackPhrase, expect: moved.optional(), within })
    .transform(
      ({ failback: { said, meaning }, ...rest }): Step => moveStep(`failback: ${said}`, meaning, rest),
    ),
} as const;
