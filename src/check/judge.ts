import type { History } from '../history/events.ts';
import { boundedGrace } from './bounded-grace.ts';
import type { CheckContext, ClusterFacts } from './context.ts';
import { coverageOfDomains } from './coverage.ts';
import { type DomainPart, domainParts } from './domains.ts';
import { exclusion } from './exclusion.ts';
import { graceEnforcement } from './grace-enforcement.ts';
import { guardedData } from './guarded-data.ts';
import { hasLocalPrograms, localLocks } from './local-locks.ts';
import { mergedResult } from './merged-result.ts';
import { noSilentLoss } from './no-silent-loss.ts';
import { noTheft } from './no-theft.ts';
import { reclaimAuthority } from './reclaim-authority.ts';
import { recovers } from './recovers.ts';
import { longestOf, timingsOf } from './timings.ts';
import {
  ALL_CHECK_NAMES,
  CHECK_NAMES,
  type CheckName,
  type CheckResult,
  doubtAbout,
  type Judged,
  type Verdict,
  type VerdictDocument,
} from './verdict.ts';

export type Checker = (context: CheckContext) => Judged;

/** Adding a checker means adding a file and a line here. */
const CHECKERS: Readonly<Record<CheckName, Checker>> = {
  exclusion,
  'no-theft': noTheft,
  'grace-enforcement': graceEnforcement,
  'reclaim-authority': reclaimAuthority,
  'no-silent-loss': noSilentLoss,
  'bounded-grace': boundedGrace,
  'local-locks': localLocks,
  'guarded-data': guardedData,
  recovers,
};

export interface JudgeOptions {
  readonly scenario: string;
  readonly seed?: number | string | null;
  readonly runtime?: string;
  readonly server?: string;
  readonly filesystem?: string;
  /** Checks that must not end as `unknown`. Without it: all. */
  readonly require?: readonly string[];
  /** Coverage that the run must have reached, by name; see `COVERAGE`. */
  readonly expectCoverage?: Readonly<Record<string, number>>;
  /** Why the run itself fell short (a step failed, it was cut off), one sentence each: the verdict can then not be `valid`. */
  readonly shortcomings?: readonly string[];
  /** Overrides what the history's `start` event says. */
  readonly cluster?: ClusterFacts;
  /** How late a bounded thing may be before it counts as unbounded; 1000 by default. */
  readonly slackMs?: number;
}

/**
 * Judges a history, each lock domain for itself: pure, and the same for the same input. Any violation makes a violation, required
 * or not; a required check that is unknown, or expected coverage that was not reached, makes the whole
 * unknown.
 */
export function judge(history: History, options: JudgeOptions): VerdictDocument {
  const parts = partsOf(history, options);
  const names = hasLocalPrograms(history) ? ALL_CHECK_NAMES : CHECK_NAMES;
  const checks = names.map((name) => judgeParts(name, parts));
  const told = 'confusion' in parts ? [] : parts;
  const coverage = measured(() => coverageOfDomains(told.map(({ context }) => context))) ?? {};
  const timings = measured(() => longestOf(told.map(({ context }) => timingsOf(context)))) ?? {};
  const broken = checks.filter(({ verdict }) => verdict === 'violation');
  const reasons =
    broken.length > 0
      ? broken.map(({ name, evidence }) => `${name}: ${evidence[0]?.sentence ?? 'violated'}`)
      : doubtsAbout(checks, coverage, { require: names, ...options });
  const verdict: Verdict = broken.length > 0 ? 'violation' : reasons.length > 0 ? 'unknown' : 'valid';
  return {
    scenario: options.scenario,
    seed: options.seed ?? null,
    runtime: options.runtime ?? 'unknown',
    server: options.server ?? 'unknown',
    filesystem: options.filesystem ?? 'unknown',
    verdict,
    reasons,
    checks,
    coverage,
    timings,
  };
}

/** The run by lock domains, or why nobody can tell them apart. */
type Parts = readonly DomainPart[] | { readonly confusion: unknown };

function partsOf(history: History, options: JudgeOptions): Parts {
  try {
    return domainParts(history, options);
  } catch (confusion) {
    return { confusion };
  }
}

function judgeParts(name: CheckName, parts: Parts): CheckResult {
  if ('confusion' in parts) return notJudged(name, parts.confusion);
  return mergedResult(
    name,
    parts.map((part) => ({ part, result: runChecker(name, CHECKERS[name], part.context) })),
  );
}

/** A checker that fails knows nothing: `unknown`, and the reason in its evidence. */
function runChecker(name: CheckName, check: Checker, context: CheckContext): Judged {
  try {
    return check(context);
  } catch (error) {
    return notJudged(name, error);
  }
}

function notJudged(name: CheckName, error: unknown): Judged {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    name,
    verdict: 'unknown',
    judged: 0,
    evidence: [{ sentence: `Could not be judged: ${reason}`, events: [] }],
  };
}

function measured<Counts>(measure: () => Counts): Counts | null {
  try {
    return measure();
  } catch {
    return null; // the checks that share the cause say it in words
  }
}

function doubtsAbout(
  checks: readonly CheckResult[],
  coverage: Readonly<Record<string, number>>,
  options: JudgeOptions & { readonly require: readonly string[] },
): string[] {
  const required = new Set(options.require);
  const reasons = [...(options.shortcomings ?? [])];
  for (const check of checks) {
    if (check.verdict === 'unknown' && required.has(check.name)) reasons.push(doubtAbout(check));
  }
  for (const name of required) {
    if (!checks.some((check) => check.name === name))
      reasons.push(`${name} is required, and there is no such check.`);
  }
  for (const [name, least] of Object.entries(options.expectCoverage ?? {})) {
    const reached = coverage[name] ?? 0;
    if (reached < least)
      reasons.push(`The run reached ${name} ${reached} times, where ${least} were expected.`);
  }
  return reasons;
}
