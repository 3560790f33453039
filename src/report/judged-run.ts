import { type CheckResult, doubtAbout, type Evidence, type VerdictDocument } from '../check/verdict.ts';

/** One run with its verdict, as the formats for other programs tell of it: a scenario, a stored run, a random or a simulated schedule. */
export interface JudgedRun {
  /** What the run is called among the others: a scenario, or `reboot (run 3)`, or `seed 42`. */
  readonly name: string;
  readonly verdict: VerdictDocument;
  /** Where its files are, as the reader can use it; left out: it left none. */
  readonly folder?: string;
}

/** How it was run: `seed 7`, if there is one, then runtime, server and filesystem; of a history of some other harness nothing is known. */
export const settingOf = ({ seed, runtime, server, filesystem }: VerdictDocument): string[] => [
  ...(seed === null ? [] : [`seed ${seed}`]),
  ...[runtime, server, filesystem].filter((name) => name !== 'unknown'),
];

/** Milliseconds from the beginning of the run to its end; undefined: nobody measured. */
export const lastedMs = ({ timings }: VerdictDocument): number | undefined =>
  timings.totalMs ?? timings.runMs;

/**
 * A run as a test suite: a case for each check, and one for the run as a whole. Tools of CI know four outcomes, and no `unknown`.
 * Unknown is never a pass: where the verdict rests on that check it is an error, and where it does not (nothing was there to judge,
 * and nobody expected anything) the case counts as skipped.
 */
export interface TestCase {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'error' | 'skipped';
  /** How many things were judged; null: the case is of the run as a whole. */
  readonly judged: number | null;
  /** Why it did not pass, one sentence each; the first one is enough for a line. */
  readonly reasons: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** The name of the case that stands for what no check can say: that the run came to its end, and reached what it is for. */
export const WHOLE_RUN = 'run';

export function testCases({ checks, reasons, verdict }: VerdictDocument): TestCase[] {
  const doubts = new Set(checks.filter((check) => check.verdict === 'unknown').map(doubtAbout));
  const others = verdict === 'unknown' ? reasons.filter((reason) => !doubts.has(reason)) : [];
  return [
    ...checks.map((check) => checkCase(check, verdict === 'unknown' && reasons.includes(doubtAbout(check)))),
    {
      name: WHOLE_RUN,
      outcome: others.length > 0 ? 'error' : 'passed',
      judged: null,
      reasons: others,
      evidence: [],
    },
  ];
}

function checkCase({ name, verdict, judged, evidence }: CheckResult, needed: boolean): TestCase {
  const reasons = verdict === 'valid' ? [] : evidence.map(({ sentence }) => sentence);
  const outcome =
    verdict === 'valid' ? 'passed' : verdict === 'violation' ? 'failed' : needed ? 'error' : 'skipped';
  return { name, outcome, judged, reasons, evidence: verdict === 'violation' ? evidence : [] };
}
