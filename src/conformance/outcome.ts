/** What a run found, row by row. */

/** `unknown`: the row could not be judged, for the reason that stands beside it. */
export type Outcome = 'pass' | 'fail' | 'not-applicable' | 'unknown';

/** 0: RFC 7530; 1: RFC 8881; 2: RFC 7862. */
export type MinorVersion = 0 | 1 | 2;

export interface TestOutcome {
  readonly row: number;
  readonly title: string;
  readonly version: MinorVersion;
  readonly outcome: Outcome;
  /** One line: what was expected and what came, or the reason; empty for a pass. */
  readonly detail: string;
}

export interface RowOutcome {
  readonly row: number;
  readonly rule: string;
  readonly outcome: Outcome;
  readonly detail: string;
  readonly tests: readonly TestOutcome[];
}

const WORST_FIRST = ['fail', 'unknown', 'pass', 'not-applicable'] as const;

/** The worst of a row's tests: one that does not apply takes nothing from one that passed. */
export function rowOutcome(row: number, rule: string, tests: readonly TestOutcome[]): RowOutcome {
  const outcome = WORST_FIRST.find((each) => tests.some((test) => test.outcome === each)) ?? 'not-applicable';
  const telling = tests.filter((test) => test.outcome === outcome && test.detail !== '');
  const left = tests.filter((test) => test.outcome === 'not-applicable');
  const detail =
    outcome === 'pass' && left.length > 0
      ? `in part: ${left[0]?.detail}`
      : (telling.map(detailWithVersion)[0] ?? '');
  return { row, rule, outcome, detail, tests };
}

function detailWithVersion({ detail, version, outcome }: TestOutcome): string {
  return outcome === 'not-applicable' || version === 1 ? detail : `4.${version}: ${detail}`;
}

/** The run as one word: nothing judged is no pass. */
export function runOutcome(rows: readonly RowOutcome[]): 'pass' | 'fail' | 'unknown' {
  const has = (wanted: Outcome) => rows.some(({ outcome }) => outcome === wanted);
  if (has('fail')) return 'fail';
  return has('unknown') || !has('pass') ? 'unknown' : 'pass';
}

/** Ends a test: its row cannot be judged this time. */
export class Unjudged extends Error {
  override readonly name = 'Unjudged';
}

/** Ends a test: the row is not about this server, or more would be needed than the run was given. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}
