/**
 * Ends the lives that hold grace up (I8, C8). The ledger hears of a death only after the fencer has seen it: a node that is
 * silent may go on at any moment, and whatever is done without it would be done behind its back.
 */
import type { Clock } from '../../core/clock.ts';
import type { FenceOutcome, Fencer } from '../../core/fencer.ts';
import type { NodeId } from '../../core/ids.ts';
import { type Ledger, standing } from '../../core/ledger.ts';
import type { Mutants } from '../../core/mutants.ts';
import { holdingUp, type Life, turnOf } from '../../core/succession.ts';
import type { Command } from '../../core/transitions.ts';
import { Alarm } from './alarm.ts';
import type { Observe } from './options.ts';
import { STALE_MS } from './store-patience.ts';

export interface FencingOptions {
  readonly node: NodeId;
  readonly clock: Clock;
  readonly fencer: Fencer | null;
  readonly fenceAfterMs: number | null;
  readonly mutants: Mutants;
  readonly observe: Observe;
  /** There is something to do or to say in the ledger. */
  readonly onDue: () => void;
}

export interface FencingStatus {
  readonly node: string;
  readonly incarnation: number;
  /** For how long an attempt has been under way, in milliseconds; null: none is. */
  readonly underWayMs: number | null;
  /** For how long that life has held grace up, in milliseconds. */
  readonly heldUpMs: number;
  /** How the last attempt failed, with what to do; null: none did. */
  readonly failure: string | null;
}

/** A fencer that failed is asked again after this long, then after twice as long, and so on up to the limit. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

interface Watched {
  readonly life: Life;
  sinceMs: number;
  /** Its beacon was found missing, and it has not said since that it has stopped. */
  suspect: boolean;
  startedMs: number | null;
  notBeforeMs: number;
  failures: number;
  failure: string | null;
  /** The fencer's word; the ledger is to hear of it. */
  gone: boolean;
}

export class Fencing {
  readonly #options: FencingOptions;
  readonly #alarm: Alarm;
  readonly #watched = new Map<string, Watched>();
  #lookedMs: number;
  #closed = false;

  constructor(options: FencingOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.onDue);
    this.#lookedMs = options.clock.nowMs();
  }

  /**
   * Looks whose time is up, and begins. To be called with each ledger that is learned, and with the same one as long as nothing else is:
   * a node that has not looked for a while has no business ending others for what it saw before.
   */
  learn(ledger: Ledger, deadlinePassed: boolean): void {
    const { node: self, clock, fencer, fenceAfterMs } = this.#options;
    if (fencer === null || fenceAfterMs === null || this.#closed) return;
    const nowMs = clock.nowMs();
    this.#beginAnewAfterPause(nowMs);
    const holding = holdingUp(ledger, deadlinePassed).filter(({ node }) => node !== self);
    this.#watch(ledger, holding, nowMs);
    const dueTimes: number[] = [];
    for (const life of holding) {
      const watched = this.#watched.get(keyOf(life))!;
      const turn = turnOf(ledger, life.node, self);
      if (turn === null || watched.startedMs !== null || watched.gone) continue;
      // A suspect was found missing already; whoever is only silent gets its time.
      const turns = watched.suspect ? turn : turn + 1;
      const dueMs = Math.max(watched.sinceMs + turns * fenceAfterMs, watched.notBeforeMs);
      if (dueMs <= nowMs) this.#begin(fencer, watched);
      else dueTimes.push(dueMs);
    }
    this.#alarm.set(dueTimes);
  }

  /**
   * What the fencer saw and the ledger does not say yet. Computed from the ledger of now each time, so that a lost swap is made
   * again, and one for a life that is not the current one any more is not made at all.
   */
  confirmation(ledger: Ledger): Command | null {
    for (const { life, gone } of this.#watched.values())
      if (gone && standing(ledger, life.node, life.incarnation) !== 'fenced')
        return { type: 'confirm-death', ...life };
    return this.#options.mutants.has('M6') ? this.#lateWord() : null;
  }

  /** Mutant M6 says once what it was told, whichever life runs by now. */
  #lateWord(): Command | null {
    for (const [key, { life, gone }] of this.#watched) {
      if (!gone) continue;
      this.#watched.delete(key);
      return { type: 'confirm-death', ...life };
    }
    return null;
  }

  status(): FencingStatus[] {
    const nowMs = this.#options.clock.nowMs();
    const begun = [...this.#watched.values()].filter(
      ({ startedMs, failure }) => startedMs !== null || failure !== null,
    );
    return begun.map(({ life, sinceMs, startedMs, failure }) => ({
      ...life,
      underWayMs: startedMs === null ? null : nowMs - startedMs,
      heldUpMs: nowMs - sinceMs,
      failure,
    }));
  }

  close(): void {
    this.#closed = true;
    this.#alarm.cancel();
  }

  /**
   * This process was stopped itself, or its store did not answer. Whoever held grace up before may have stopped to do so meanwhile, and
   * another grace may run by now, so nobody's time has run meanwhile, nor before.
   */
  #beginAnewAfterPause(nowMs: number): void {
    if (nowMs - this.#lookedMs > STALE_MS)
      for (const watched of this.#watched.values()) watched.sinceMs = nowMs;
    this.#lookedMs = nowMs;
  }

  /** The count begins anew for whoever stopped holding up in between, or holds up in another way. */
  #watch(ledger: Ledger, holding: readonly Life[], nowMs: number): void {
    const keys = new Set(holding.map(keyOf));
    for (const [key, { life, startedMs, gone }] of this.#watched) {
      const over = standing(ledger, life.node, life.incarnation) === 'fenced';
      const pending = startedMs !== null || gone;
      if (gone && this.#options.mutants.has('M6')) continue;
      if (over ? startedMs === null : !keys.has(key) && !pending) this.#watched.delete(key);
    }
    for (const life of holding) {
      const suspect = isUnheardSuspect(ledger, life);
      const watched = this.#watched.get(keyOf(life));
      if (watched === undefined) this.#watched.set(keyOf(life), newlyWatched(life, suspect, nowMs));
      else if (watched.suspect !== suspect) Object.assign(watched, { suspect, sinceMs: nowMs });
    }
  }

  #begin(fencer: Fencer, watched: Watched): void {
    const { node: peer, incarnation } = watched.life;
    watched.startedMs = this.#options.clock.nowMs();
    this.#options.observe({ event: 'fencing', peer, detail: `life ${incarnation}` });
    void attempt(fencer, watched.life).then((outcome) => {
      if (this.#closed) return;
      watched.startedMs = null;
      if (outcome.outcome === 'gone') this.#succeeded(watched);
      else this.#failed(watched, outcome.reason);
      this.#options.onDue();
    });
  }

  #succeeded(watched: Watched): void {
    const { node: peer, incarnation } = watched.life;
    watched.gone = true;
    watched.failure = null;
    this.#options.observe({ event: 'fenced-peer', peer, detail: `life ${incarnation}` });
  }

  #failed(watched: Watched, reason: string): void {
    const retryMs = Math.min(FIRST_RETRY_MS * 2 ** watched.failures, LONGEST_RETRY_MS);
    watched.failures += 1;
    watched.failure = reason;
    watched.notBeforeMs = this.#options.clock.nowMs() + retryMs;
    this.#options.observe({ event: 'fence-failed', peer: watched.life.node, detail: reason });
  }
}

const newlyWatched = (life: Life, suspect: boolean, sinceMs: number): Watched => ({
  life,
  sinceMs,
  suspect,
  startedMs: null,
  notBeforeMs: 0,
  failures: 0,
  failure: null,
  gone: false,
});

/** A fencer that throws has not seen anything die. */
async function attempt(fencer: Fencer, life: Life): Promise<FenceOutcome> {
  try {
    return await fencer.fence(life);
  } catch (error) {
    return { outcome: 'failed', reason: (error as Error).message };
  }
}

const isUnheardSuspect = (ledger: Ledger, { node }: Life): boolean => {
  const { state, acknowledgedView } = ledger.members[node]!;
  return state === 'suspect' && acknowledgedView !== ledger.view;
};

const keyOf = ({ node, incarnation }: Life): string => `${node} ${incarnation}`;
