/**
 * Mutant D4, as rados_grace has it: an acknowledgement is a flag, raised when the node's records are durable. Of one whose swap was lost, or came to
 * nobody knows what, the flag is put into whatever ledger is there by then, without another look at what it promises; and whoever
 * has raised it writes no records any more. Without the mutant none of this is ever so.
 */
import { inGrace, type Ledger, memberOf } from '../../core/ledger.ts';
import type { Mutants } from '../../core/mutants.ts';
import type { Command } from '../../core/transitions.ts';
import type { Fence, SwapOutcome } from '../../store/store.ts';

export class FlaggedAcknowledgement {
  readonly #self: Fence;
  readonly #mutated: boolean;
  #flag: Command | null = null;

  constructor(self: Fence, mutants: Mutants) {
    this.#self = self;
    this.#mutated = mutants.has('D4');
  }

  /** What became of a swap. */
  sent(command: Command, { outcome }: SwapOutcome): void {
    if (this.#mutated && command.type === 'acknowledge') this.#flag = outcome === 'swapped' ? null : command;
  }

  /** What is to be swapped in before anything else; null: nothing. */
  again(ledger: Ledger): Command | null {
    if (!inGrace(ledger) || this.#isUp(ledger)) this.#flag = null;
    return this.#flag;
  }

  /** The flag is up, so the records are not looked at. */
  stands(ledger: Ledger): boolean {
    return this.#mutated && this.#isUp(ledger);
  }

  #isUp(ledger: Ledger): boolean {
    return memberOf(ledger, this.#self.node)?.acknowledgedView === ledger.view;
  }
}
