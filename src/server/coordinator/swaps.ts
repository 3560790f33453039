/** Swaps of this life: sent to the store, and told of when it is known that they were done. */
import { isDeepStrictEqual } from 'node:util';
import { carrierOf, type Ledger } from '../../core/ledger.ts';
import type { Command } from '../../core/transitions.ts';
import type { Fence, StoredLedger } from '../../store/store.ts';
import type { FlaggedAcknowledgement } from './flagged-acknowledgement.ts';
import type { CoordinatorOptions } from './options.ts';
import type { SwapTurn } from './swap-turns.ts';

export interface SwapsOptions
  extends Pick<CoordinatorOptions, 'clock' | 'store' | 'observe' | 'observeSwap'> {
  readonly self: Fence;
  readonly turn: SwapTurn;
  readonly flagged: FlaggedAcknowledgement;
}

interface Sent {
  readonly command: Command;
  readonly ledger: Ledger;
  readonly sentAtMs: number;
}

/** A swap that was done. */
export interface DoneSwap extends Sent {
  readonly stored: StoredLedger;
}

export class Swaps {
  readonly #options: SwapsOptions;
  /** One of which nobody knows yet what came of it. */
  #unsure: Sent | null = null;

  constructor(options: SwapsOptions) {
    this.#options = options;
  }

  /** Rejects with the store's errors. */
  async send(command: Command, before: StoredLedger, ledger: Ledger): Promise<DoneSwap | 'lost' | 'unknown'> {
    const { clock, store, turn, flagged } = this.#options;
    const sent = { command, ledger, sentAtMs: clock.nowMs() };
    this.#unsure = sent;
    const swap = await store.swap(before.revision, ledger);
    if (swap.outcome !== 'unknown') this.#unsure = null;
    flagged.sent(command, swap);
    if (swap.outcome === 'lost') turn.lost(before.ledger, command);
    return swap.outcome === 'swapped'
      ? { ...sent, stored: { ledger, revision: swap.revision } }
      : swap.outcome;
  }

  /** Whoever reads the history is to know of it. */
  tell({ command, ledger, sentAtMs, stored }: DoneSwap): void {
    const { clock, observe, observeSwap, self, turn } = this.#options;
    turn.won(clock.nowMs() - sentAtMs);
    observeSwap(command.type, stored, self.incarnation, sentAtMs);
    const { view } = ledger;
    if (command.type === 'acknowledge') observe({ event: 'acknowledged', view: command.view });
    if (command.type === 'inherit') observe({ event: 'inherited', peer: command.dead, view });
    if (command.type === 'hand-over') {
      const { owner } = command;
      observe({ event: 'handed-over', peer: owner, view, detail: carrierOf(ledger, owner) });
    }
  }

  /** The ledger has been read: a swap that nobody answered may turn out to have been done. */
  settle(stored: StoredLedger): void {
    const unsure = this.#unsure;
    this.#unsure = null;
    if (unsure === null || !isDeepStrictEqual(stored.ledger, unsure.ledger)) return;
    const { observeSwap, self } = this.#options;
    observeSwap(unsure.command.type, stored, self.incarnation, unsure.sentAtMs);
  }
}
