/** An operator's desk at a lock domain of a living lab, through the lab's control socket. */
import { EXIT, Refusal } from '../exit-status.ts';
import { askLab } from '../living/control.ts';
import type { LabPlace } from '../living/place.ts';
import { type AttemptOutcome, UncertainRepairError } from './attempt.ts';
import type { LedgerDesk } from './desk.ts';
import type { Answered, DomainAnswer } from './lab-ledgers.ts';

/** @param domain null: all of them. @throws {Refusal} when the lab does not answer, or has no such domain */
export const lookAtLab = (place: LabPlace, domain: string | null): Promise<readonly DomainAnswer[]> =>
  askLab<readonly DomainAnswer[]>(place, { command: 'ledger', domain });

/**
 * @param domain may be null where the lab has only one
 * @throws {Refusal} when it has several and none was named, or none of that name
 */
export async function openLabDesk(place: LabPlace, domain: string | null): Promise<LedgerDesk> {
  const names = (await lookAtLab(place, domain)).map(({ name }) => name);
  if (names.length > 1)
    throw new Refusal(
      EXIT.wrongUsage,
      `this lab has several lock domains (${names.join(', ')}); say which with --domain.`,
    );
  const name = names[0]!;
  return {
    async look() {
      const [answer] = await lookAtLab(place, name);
      return unwrap(answer!.look);
    },
    attempt: async (agreed) =>
      unwrap(await askLab<Answered<AttemptOutcome>>(place, { command: 'repair', domain: name, agreed })),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** @throws {Refusal}, UncertainRepairError */
export function unwrap<T>(answered: Answered<T>): T {
  if ('answer' in answered) return answered.answer;
  if ('uncertain' in answered) throw new UncertainRepairError(answered.uncertain);
  throw new Refusal(answered.trouble.status, answered.trouble.sentence);
}
