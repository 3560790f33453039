/** Steps of an operator: repairs of a ledger, planned moves of an address, and what must not work. */
import { z } from 'zod';
import type { RepairRefusal } from '../operator.ts';
import type { MoveStep, Repair, Step } from '../scenario.ts';
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

/** What a planned move may come to. */
export const MOVE_OUTCOMES = [
  'OK',
  'already-leaving',
  'already-there',
  'moving',
  'not-a-member',
  'not-serving',
] as const satisfies readonly ('OK' | RepairRefusal)[];
const moved = outcomes(
  MOVE_OUTCOMES,
  'What the move must come to: OK (the default), or why the ledger refuses it',
);

type Move = Pick<MoveStep, 'owner' | 'to'>;

const moveStep = (text: string, move: Move, end: WrittenEnd): Step => ({
  do: 'migrate',
  text,
  ...move,
  ...ended(end),
});

function parseMove(text: string): Move | Refusal {
  const [owner = '', word, to = '', ...rest] = text.trim().split(/\s+/);
  if (word !== 'to' || to === '' || rest.length > 0)
    return { refused: `"${text}" does not say whose address moves where; write it like "n1 to n2"` };
  for (const one of [owner, to]) {
    const listed = parseNames('a node')(one);
    if ('refused' in listed) return listed;
  }
  if (owner === to)
    return {
      refused: `an address does not move to where it belongs; to bring it home write "failback: ${owner}"`,
    };
  return { owner, to };
}

const movePhrase = phrase('write whose address moves, and to which node, like "n1 to n2"', parseMove).meta({
  description: "NODE to NODE: the first one's service address goes to the second, with its clients",
  pattern: '^[a-z][a-z0-9-]*\\s+to\\s+[a-z][a-z0-9-]*$',
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
    .strictObject({ failback: name, expect: moved.optional(), within })
    .transform(
      ({ failback: owner, ...rest }): Step => moveStep(`failback: ${owner}`, { owner, to: owner }, rest),
    ),
} as const;
