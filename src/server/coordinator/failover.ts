/** Whom this node takes over, and when (C6). Whose turn it is says `core`; here is the waiting. */
import type { Clock } from '../../core/clock.ts';
import type { Incarnation, NodeId } from '../../core/ids.ts';
import { barrierReached, inGrace, type Ledger, unserved } from '../../core/ledger.ts';
import { heirTurnOf } from '../../core/succession.ts';
import { Alarm } from './alarm.ts';

export interface FailoverOptions {
  readonly node: NodeId;
  readonly clock: Clock;
  readonly failoverMs: number | null;
  /** Somebody is to be taken over now. */
  readonly onDue: () => void;
}

export class Failover {
  readonly #options: FailoverOptions;
  readonly #alarm: Alarm;
  /** Since when each of the dead has been without anybody to reclaim at, past the barrier. */
  #waiting = new Map<NodeId, { readonly incarnation: Incarnation; readonly sinceMs: number }>();

  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.onDue);
  }

  learn(ledger: Ledger): void {
    const nowMs = this.#options.clock.nowMs();
    const before = this.#waiting;
    this.#waiting = new Map();
    // Before the barrier nobody can inherit, so it is nobody's time that runs.
    const dead = inGrace(ledger) && barrierReached(ledger) ? unserved(ledger) : [];
    for (const node of dead) {
      const { incarnation } = ledger.members[node]!;
      const known = before.get(node);
      const sinceMs = known?.incarnation === incarnation ? known.sinceMs : nowMs;
      this.#waiting.set(node, { incarnation, sinceMs });
    }
    this.#alarm.set(this.#dueTimes(ledger).map(({ atMs }) => atMs));
  }

  /** Those whose turn to be taken over has come to this node. */
  due(ledger: Ledger): Set<NodeId> {
    const nowMs = this.#options.clock.nowMs();
    const due = this.#dueTimes(ledger).filter(({ atMs }) => atMs <= nowMs);
    return new Set(due.map(({ node }) => node));
  }

  close(): void {
    this.#alarm.cancel();
  }

  #dueTimes(ledger: Ledger): { readonly node: NodeId; readonly atMs: number }[] {
    const { failoverMs, node: self } = this.#options;
    if (failoverMs === null) return [];
    return [...this.#waiting].flatMap(([node, { sinceMs }]) => {
      const turn = heirTurnOf(ledger, node, self);
      return turn === null ? [] : [{ node, atMs: sinceMs + failoverMs * (turn + 1) }];
    });
  }
}
