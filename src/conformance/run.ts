/** A run: the rows that were asked for, against one server. */

import { Lane, type RestartWish } from './lane.ts';
import type { Life } from './life.ts';
import { Lives } from './lives.ts';
import {
  type MinorVersion,
  NotApplicable,
  type Outcome,
  type RowOutcome,
  rowOutcome,
  type TestOutcome,
  Unjudged,
} from './outcome.ts';
import { Roster } from './roster.ts';
import type { RowTest } from './row-test.ts';
import { RULES, TESTS } from './rows/index.ts';
import { makeRunDirectory, readLeaseMs, removeRunDirectory } from './run-directory.ts';
import type { ServerHelper } from './server-helper.ts';
import { ROOT, type ServerUnderTest } from './server-under-test.ts';
import { addressText, type Target } from './target.ts';
import { Trial } from './trial.ts';
import { implementationOf, spokenOf } from './who-is-there.ts';
import { WireClient } from './wire-client.ts';

export interface ConformanceOptions {
  readonly target: Target;
  readonly server: ServerUnderTest;
  readonly peer: ServerUnderTest | null;
  readonly helper: ServerHelper | null;
  readonly rows: readonly number[];
  readonly versions: readonly MinorVersion[];
  /** Null: what the server says. */
  readonly leaseMs: number | null;
  /** Tells this run from others: letters and digits. */
  readonly runId: string;
  /** What is going on, in a few words. */
  readonly tell: (line: string) => void;
  /** Something that a person has to know. */
  readonly warn: (sentence: string) => void;
}

export interface ConformanceReport {
  readonly server: string;
  /** What it says that it is; empty when it says nothing. */
  readonly implementation: string;
  readonly leaseMs: number;
  readonly versions: readonly MinorVersion[];
  readonly rows: readonly RowOutcome[];
  readonly elapsedMs: number;
}

/** @throws {Unjudged} one sentence: why no test could begin */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const { clock } = options.server;
  const startedMs = clock.nowMs();
  const versions = await spokenOf(options.server, options.versions);
  const run = await Run.begin(options);
  let outcomes: readonly TestOutcome[];
  try {
    outcomes = await run.all(versions);
  } finally {
    await run.end();
  }
  const rows = options.rows.map((row) => judged(row, outcomes));
  return {
    server: `${addressText(options.target)}/${options.target.path.join('/')}`,
    implementation: await implementationOf(options.server),
    leaseMs: run.leaseMs,
    versions,
    rows,
    elapsedMs: clock.nowMs() - startedMs,
  };
}

function judged(row: number, outcomes: readonly TestOutcome[]): RowOutcome {
  const rule = RULES.get(row) ?? '';
  const order = TESTS.map(({ title }) => title);
  const tests = outcomes
    .filter((outcome) => outcome.row === row)
    .sort((a, b) => order.indexOf(a.title) - order.indexOf(b.title) || a.version - b.version);
  return rowOutcome(row, rule, tests);
}

interface Started {
  readonly test: RowTest;
  readonly version: MinorVersion;
}

class Run {
  readonly leaseMs: number;
  readonly #options: ConformanceOptions;
  readonly #directory: Buffer;
  readonly #roster: Roster;
  readonly #lives: Lives;
  #labels = 0;

  private constructor(options: ConformanceOptions, leaseMs: number, directory: Buffer) {
    const { server, helper, tell } = options;
    this.#options = options;
    this.leaseMs = leaseMs;
    this.#directory = directory;
    this.#roster = new Roster(server.clock, server.random, leaseMs);
    const client = (name: string, owner: object) => {
      const made = clientOf(options, name, this.#roster.freshVerifier(), directory, leaseMs);
      this.#roster.add(made, owner);
      return made;
    };
    this.#lives = new Lives({ server, helper, roster: this.#roster, client, tell });
  }

  static async begin(options: ConformanceOptions): Promise<Run> {
    const { target, runId } = options;
    const maker = clientOf(options, 'maker', Buffer.from(runId.padEnd(8)).subarray(0, 8), Buffer.alloc(0), 0);
    try {
      await maker.start();
      const leaseMs = options.leaseMs ?? (await readLeaseMs(maker));
      if (leaseMs === null) throw new Unjudged('the server does not say its lease time: say it with --lease');
      const directory = await makeRunDirectory(maker, target.path, directoryName(runId));
      return new Run(options, leaseMs, directory);
    } finally {
      await maker.end(Buffer.alloc(8, 1)).catch(() => {});
      maker.close();
    }
  }

  async all(versions: readonly MinorVersion[]): Promise<TestOutcome[]> {
    const { rows, peer } = this.#options;
    const started = TESTS.filter(({ row }) => rows.includes(row)).flatMap((test) =>
      (test.versions ?? [1, 2])
        .filter((each) => versions.includes(each))
        .map((version) => ({ test, version })),
    );
    const without = started.flatMap((each) => {
      const needed = each.test.needsPeer && peer === null ? 'needs --peer' : this.#whyNoHelp(each.test);
      return needed === null ? [] : [{ ...each, needed }];
    });
    const possible = started.filter((each) => !without.some(({ test }) => test === each.test));
    const outcomes = without.map(({ test, version, needed }) =>
      outcomeOf(test, version, 'not-applicable', needed),
    );
    for (const when of ['before', undefined, 'after'] as const) {
      const group = possible.filter(({ test }) => test.alone === when);
      const lanes = when === undefined ? [group] : group.map((each) => [each]);
      for (const lane of lanes) if (lane.length > 0) outcomes.push(...(await this.#side(lane)));
    }
    return outcomes;
  }

  #whyNoHelp({ restarts, movesExport }: RowTest): string | null {
    return (restarts || movesExport) && this.#options.helper === null ? 'needs --helper' : null;
  }

  /** These side by side, on a server that is not in grace. */
  async #side(started: readonly Started[]): Promise<TestOutcome[]> {
    const numbers = [...new Set(started.map(({ test }) => test.row))];
    this.#options.tell('waiting until no grace runs');
    const trouble = await this.#lives.quiet().then(
      () => null,
      (error: Error) => error,
    );
    if (trouble !== null)
      return started.map(({ test, version }) => outcomeOf(test, version, 'unknown', trouble.message));
    this.#options.tell(
      `${started.length} tests of ${numbers.length === 1 ? `row ${numbers[0]}` : `${numbers.length} rows`}`,
    );
    const outcomes: TestOutcome[] = [];
    const tests = started.map(
      ({ test, version }) =>
        async (restart: (wish?: RestartWish) => Promise<Life>) => {
          outcomes.push(await this.#try(test, version, restart));
        },
    );
    await new Lane(this.#lives.restart).run(tests);
    return outcomes;
  }

  async #try(
    test: RowTest,
    version: MinorVersion,
    restart: (wish?: RestartWish) => Promise<Life>,
  ): Promise<TestOutcome> {
    const { server, peer, helper, runId, target } = this.#options;
    this.#labels += 1;
    const label = `${runId}-${test.row}-${this.#labels}`;
    const { leaseMs } = this;
    const [directory, roster] = [this.#directory, this.#roster];
    const path = [...target.path, directoryName(runId)];
    const parts = { server, peer, helper, version, leaseMs, directory, path, label, roster, restart };
    const trial = new Trial(parts);
    const unfinished = await test.run(trial).then(
      () => null,
      (error: Error) => error,
    );
    await roster.endAllOf(trial);
    if (roster.wasLate(trial)) return outcomeOf(test, version, 'unknown', TOO_LATE);
    const [finding] = trial.findings;
    if (finding !== undefined) return outcomeOf(test, version, 'fail', finding);
    if (unfinished === null)
      return trial.judged
        ? outcomeOf(test, version, 'pass', '')
        : outcomeOf(test, version, 'unknown', 'nothing was asked');
    const outcome = unfinished instanceof NotApplicable ? 'not-applicable' : 'unknown';
    return outcomeOf(test, version, outcome, unfinished.message);
  }

  /** Takes away what the run made. */
  async end(): Promise<void> {
    const { target, runId, tell, warn } = this.#options;
    tell('cleaning up');
    const gone = await this.#removeAll().catch(() => false);
    this.#roster.stop();
    if (gone) return;
    const place = `/${target.path.join('/')}`;
    warn(`the directory ${directoryName(runId)} is left behind in ${place}: remove it by hand`);
  }

  async #removeAll(): Promise<boolean> {
    await this.#lives.quiet();
    await this.#lives.end();
    const remover = clientOf(
      this.#options,
      'remover',
      this.#roster.freshVerifier(),
      this.#directory,
      this.leaseMs,
    );
    // So that it is cut off with all others, whatever happens.
    this.#roster.add(remover, this);
    await remover.start();
    const { path } = this.#options.target;
    const gone = await removeRunDirectory(remover, path, directoryName(this.#options.runId), this.#directory);
    await this.#roster.endAllOf(this);
    return gone;
  }
}

const TOO_LATE = 'a client could not renew its lease in time: the server, or this machine, is too busy';

const directoryName = (runId: string): string => `gracelab-conformance-${runId}`;

const outcomeOf = (
  { row, title }: RowTest,
  version: MinorVersion,
  outcome: Outcome,
  detail: string,
): TestOutcome => ({ row, title, version, outcome, detail });

function clientOf(
  { server, runId }: ConformanceOptions,
  name: string,
  verifier: Buffer,
  directory: Buffer,
  leaseMs: number,
): WireClient {
  const ownerId = Buffer.from(`gracelab conformance ${runId} ${name}`);
  const patienceMs = Math.max(leaseMs * 2, 10_000);
  return new WireClient({
    server,
    name,
    ownerId,
    verifier,
    principal: ROOT,
    version: 1,
    directory,
    patienceMs,
  });
}
