/** Which rule acts on a message, if any does. */
import type { MessageAct, MessageRule } from '../core/message-rule.ts';
import type { Message } from './traffic.ts';

export interface Judgement {
  readonly id: number;
  readonly act: MessageAct;
  /** `drop the reply to LOCK 3 of 10.77.1.1`. */
  readonly what: string;
}

export class RuleBook {
  readonly #rules = new Map<number, { readonly rule: MessageRule; seen: number }>();

  add(id: number, rule: MessageRule): void {
    this.#rules.set(id, { rule, seen: 0 });
  }

  remove(id: number): void {
    this.#rules.delete(id);
  }

  /** Every rule counts the message; the first one that is due acts. */
  judge({ direction, operations }: Message, peer: string): Judgement | null {
    let due: Judgement | null = null;
    for (const [id, entry] of this.#rules) {
      const { rule } = entry;
      if (rule.direction !== direction || (rule.peer !== null && rule.peer !== peer)) continue;
      if (rule.operation !== null && !operations.includes(rule.operation)) continue;
      entry.seen += 1;
      const isDue = entry.seen >= rule.nth && entry.seen < rule.nth + rule.times;
      if (!isDue || due !== null) continue;
      const name = rule.operation ?? operations.join('+');
      const which = direction === 'reply' ? `the reply to ${name}` : name;
      due = { id, act: rule.act, what: `${rule.act.kind} ${which} ${entry.seen} of ${peer}` };
    }
    return due;
  }
}
