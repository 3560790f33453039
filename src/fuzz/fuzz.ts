/** `gracelab fuzz`: mutated requests against a server, while others hold locks on it. */
import { type ProcessSize, sizeOf } from './process-size.ts';
import type { Finding, FuzzReport } from './report.ts';
import { playRound, ROUND_REQUESTS, type Tally, type Wrong } from './round.ts';
import { Stage, type Where } from './stage.ts';
import type { RecordedRequest } from './tape.ts';

export interface FuzzOptions extends Where {
  readonly seed: number;
  readonly requests: number;
  /** The first; default 0. With as many requests as one has, that round is made again. */
  readonly firstRound: number;
  readonly versions: readonly (0 | 1 | 2)[];
  /** Of the server; null: it is not on this machine. */
  readonly pid: number | null;
  /** By how much its memory may grow after the first tenth. */
  readonly memoryMb: number;
  readonly corpus: readonly RecordedRequest[];
  /** Told what clients said by the book, round by round. */
  readonly onRecorded?: (requests: readonly RecordedRequest[]) => void;
  readonly tell: (line: string) => void;
  /** Nobody wants any more: the round that is under way is the last one. */
  readonly enough?: AbortSignal;
}

/** Rounds between two looks at everything that victims have. */
const ROUNDS_PER_LOOK = 5;
const RATE_REQUESTS = 500;
/** Descriptors of files that a server keeps at hand. */
const SPARE_DESCRIPTORS = 16;
const LOOKS_AT_END = 100;

/** @throws Error one sentence, when nothing could be begun */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const before = options.pid === null ? null : sizeOf(options.pid);
  if (options.pid !== null && before === null) throw new Error(`there is no process ${options.pid}`);
  const stage = await Stage.set(options);
  const run = new Run(options, stage, before);
  await run.rate('before');
  await run.rounds();
  await run.rate('after');
  await run.end();
  return run.report();
}

class Run {
  readonly #options: FuzzOptions;
  readonly #stage: Stage;
  readonly #before: ProcessSize | null;
  readonly #tally: Tally = { requests: 0, answered: 0, closed: 0, entered: 0, statuses: new Map() };
  readonly #findings: Finding[] = [];
  readonly #rates = { before: 0, after: 0 };
  #round: number;
  #warm: ProcessSize | null = null;
  #after: ProcessSize | null = null;

  constructor(options: FuzzOptions, stage: Stage, before: ProcessSize | null) {
    this.#options = options;
    this.#stage = stage;
    this.#before = before;
    this.#round = options.firstRound;
  }

  async rounds(): Promise<void> {
    const { requests, tell, firstRound, enough } = this.#options;
    let told = 0;
    while (this.#tally.requests < requests && this.#findings.length === 0 && !enough?.aborted) {
      await this.#playOne();
      this.#round += 1;
      if ((this.#round - firstRound) % ROUNDS_PER_LOOK === 0) await this.#look();
      if (this.#warm === null && this.#tally.requests >= requests / 10) this.#warm = this.#size();
      const tenth = Math.floor((this.#tally.requests * 10) / requests);
      if (tenth > told) tell(`${this.#tally.requests} requests, ${this.#round - firstRound} rounds`);
      told = tenth;
    }
    await this.#look();
  }

  /** Requests of a victim, one after the other. */
  async rate(when: 'before' | 'after'): Promise<void> {
    if (this.#findings.length > 0) return;
    const { clock } = this.#options;
    const startMs = clock.nowMs();
    for (let count = 0; count < RATE_REQUESTS / 2; count += 1) {
      // Each breath is two requests.
      const wrong = await this.#stage.breathe(1);
      if (wrong !== null) return this.#found({ what: wrong, recent: [] }, null);
    }
    this.#rates[when] = Math.round((RATE_REQUESTS * 1000) / Math.max(clock.nowMs() - startMs, 1));
  }

  async end(): Promise<void> {
    if (this.#findings.length > 0) return this.#stage.abandon();
    try {
      if (!(await this.#stage.strike())) this.#options.tell('the directory of this run could not be removed');
    } catch (error) {
      this.#found({ what: `nobody can leave: ${(error as Error).message}`, recent: [] }, null);
      this.#stage.abandon();
    }
    await this.#judgeSize();
  }

  report(): FuzzReport {
    const { seed, firstRound } = this.#options;
    const { requests, answered, closed, entered, statuses } = this.#tally;
    // Nothing that never got past the door tells of what is behind it.
    const seen =
      answered > requests / 4 && (entered > 0 || this.#options.versions.every((each) => each === 0));
    return {
      outcome: this.#findings.length > 0 ? 'fail' : seen ? 'pass' : 'unknown',
      ...{ seed, requests, answered, closed, entered },
      rounds: this.#round - firstRound,
      statuses: Object.fromEntries([...statuses].sort(([, a], [, b]) => b - a)),
      findings: this.#findings,
      victimsServed: this.#stage.victims.reduce((sum, { served }) => sum + served, 0),
      rates: this.#rates,
      process: this.#before === null ? null : { before: this.#before, warm: this.#warm, after: this.#after },
      kernelLocks: this.#stage.kernelLocks,
    };
  }

  async #playOne(): Promise<void> {
    const { seed, versions, requests, corpus, onRecorded = () => {} } = this.#options;
    const left = Math.min(requests - this.#tally.requests, ROUND_REQUESTS);
    const plan = {
      seed,
      versions,
      corpus,
      onRecorded,
      round: this.#round,
      requests: left,
      tally: this.#tally,
    };
    try {
      const wrong = await playRound(this.#stage, plan);
      if (wrong !== null) this.#found(wrong, this.#round);
    } catch (error) {
      this.#found(
        { what: `a client by the book fails: ${(error as Error).message}`, recent: [] },
        this.#round,
      );
    }
  }

  async #look(): Promise<void> {
    if (this.#findings.length > 0) return;
    const wrong = await this.#stage.inspect();
    if (wrong !== null) this.#found({ what: wrong, recent: [] }, this.#round - 1);
    if (this.#options.pid !== null && this.#size() === null)
      this.#found({ what: 'the process of the server has ended', recent: [] }, this.#round - 1);
  }

  #found({ what, recent }: Wrong, round: number | null): void {
    this.#findings.push({ what, round, recent });
  }

  #size(): ProcessSize | null {
    return this.#options.pid === null ? null : sizeOf(this.#options.pid);
  }

  /** Everybody is gone: what the server still has is what it leaks. */
  async #judgeSize(): Promise<void> {
    const before = this.#before;
    if (before === null || this.#findings.length > 0) return;
    const { clock, memoryMb, patienceMs } = this.#options;
    for (let look = 0; look < LOOKS_AT_END; look += 1) {
      this.#after = this.#size();
      if (this.#after === null || this.#after.sockets <= before.sockets) break;
      await new Promise<void>((go) => void clock.after(patienceMs / LOOKS_AT_END, go));
    }
    const after = this.#after;
    if (after === null) return this.#found({ what: 'the process of the server has ended', recent: [] }, null);
    const leak = (what: string) => this.#found({ what, recent: [] }, null);
    if (after.sockets > before.sockets)
      leak(`the server has ${after.sockets} sockets, and had ${before.sockets}`);
    if (after.descriptors > before.descriptors + SPARE_DESCRIPTORS)
      leak(`the server has ${after.descriptors} descriptors, and had ${before.descriptors}`);
    const warm = this.#warm ?? before;
    if (after.megabytes > warm.megabytes + memoryMb)
      leak(`the server has ${after.megabytes} MB, and had ${warm.megabytes} when a tenth was done`);
  }
}
