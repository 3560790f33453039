/** Which rule acts on a message, if any does. Plain data comes in (src/faults/relay/rule.ts has the same shape), so the relay knows nothing of faults. */
import type { Message } from './traffic.ts';

export type Act =
  | { readonly kind: 'drop' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'reorder'; readonly patienceMs: number }
  | { readonly kind: 'reset' };

export interface Rule {
  readonly direction: 'call' | 'reply';
  /** Null: whatever it has. */
  readonly operation: string | null;
  /** The first one that it acts on, from 1. */
  readonly nth: number;
  readonly times: number;
  /** Address of the client; null: anybody. */
  readonly peer: string | null;
  readonly act: Act;
}

export interface Judgement {
  readonly id: number;
  readonly act: Act;
  /** `drop the reply to LOCK 3 of 10.77.1.1`. */
  readonly what: string;
}

export class RuleBook {
  readonly #rules = new Map<number, { readonly rule: Rule; seen: number }>();

  add(id: number, rule: Rule): void {
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
