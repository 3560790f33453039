/**
 * When N nodes want to write the ledger at the same moment, one of them gets its way, the others read again and collide again: N²/2
 * swaps for N changes, and each that is lost keeps the store from doing one that counts. So they take turns, and all of them take the
 * order from the ledger that they know. Alone nobody waits. Who is to acknowledge, or to close its claims, waits from the beginning until those
 * before it are through, or should be; for anything else the first attempt is made at once, and who lost waits its turn. Nothing depends
 * on any of it (I9).
 */
import type { Clock } from '../../core/clock.ts';
import type { NodeId } from '../../core/ids.ts';
import { type Ledger, nodesOf, unacknowledged } from '../../core/ledger.ts';
import type { Command } from '../../core/transitions.ts';
import { Alarm } from './alarm.ts';

/** About what a durable swap takes, before a node has seen how long its own do: the next in turn finds the one before it written. */
export const SWAP_TURN_MS = 2;
/** A timer cannot do less. */
const SHORTEST_TURN_MS = 1;
/** With this a slow store does not make anybody wait who need not: long turns end early, since each change that is seen moves all others up. */
const LONGEST_TURN_MS = 50;
/** Between the swap of the one before and ours lies the time until we hear of it. */
const TURN_PER_SWAP = 2;

/** How long `node` waits with its next swap after `command` lost against somebody who wrote before it, in milliseconds. */
export function waitAfterLoss(
  ledger: Ledger,
  node: NodeId,
  command: Command['type'],
  turnMs = SWAP_TURN_MS,
): number {
  return (placeOf(ledger, node, command) + 1) * turnMs;
}

const placeOf = (ledger: Ledger, node: NodeId, command: Command['type']): number =>
  Math.max(rivals(ledger, command).indexOf(node), 0);

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

/** What all rivals are to do, each for itself: whoever is first has to do it as much as the last. */
const isForAll = (command: Command['type']): boolean => command === 'acknowledge' || command === 'finish';

/** The turns of one node. */
export class SwapTurn {
  readonly #clock: Clock;
  readonly #node: NodeId;
  readonly #alarm: Alarm;
  /** What the turn is waited for; null: nothing. */
  #wanted: Command['type'] | null = null;
  #notBeforeMs = 0;
  /** As this node's own swaps tell. */
  #turnMs = SWAP_TURN_MS;

  /** @param onCome the turn has come after {@link hasCome} said that it had not */
  constructor(clock: Clock, node: NodeId, onCome: () => void) {
    this.#clock = clock;
    this.#node = node;
    this.#alarm = new Alarm(clock, onCome);
  }

  /** A swap was done that took so many milliseconds. */
  won(tookMs: number): void {
    const turnMs = (this.#turnMs + TURN_PER_SWAP * tookMs) / 2;
    this.#turnMs = Math.min(LONGEST_TURN_MS, Math.max(SHORTEST_TURN_MS, turnMs));
    this.#wanted = null;
    this.#notBeforeMs = 0;
  }

  lost(ledger: Ledger, command: Command['type']): void {
    this.#wanted = null;
    const waitMs = isForAll(command) ? 0 : waitAfterLoss(ledger, this.#node, command, this.#turnMs);
    this.#notBeforeMs = this.#clock.nowMs() + waitMs;
  }

  /** @param ledger the newest that is known: whoever is through with what all have to do makes everybody else's turn come earlier */
  hasCome(ledger: Ledger, command: Command['type']): boolean {
    const nowMs = this.#clock.nowMs();
    if (isForAll(command)) {
      const dueMs = nowMs + placeOf(ledger, this.#node, command) * this.#turnMs;
      this.#notBeforeMs = this.#wanted === command ? Math.min(this.#notBeforeMs, dueMs) : dueMs;
      this.#wanted = command;
    }
    this.#alarm.set([this.#notBeforeMs]);
    return this.#notBeforeMs <= nowMs;
  }

  close(): void {
    this.#alarm.cancel();
  }
}
