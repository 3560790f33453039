/** What judging a history yields: the shape of `verdict.json` (docs/checkers.md). */
import type { Moment } from './moment.ts';

export type Verdict = 'valid' | 'violation' | 'unknown';

/** Made of every history. */
export const CHECK_NAMES = [
  'exclusion',
  'no-theft',
  'grace-enforcement',
  'reclaim-authority',
  'no-silent-loss',
  'bounded-grace',
  'guarded-data',
  'recovers',
] as const;
/** With the check that is made where programs took part that are not NFS clients. */
export const ALL_CHECK_NAMES = [...CHECK_NAMES, 'local-locks'] as const;
export type CheckName = (typeof ALL_CHECK_NAMES)[number];

export interface EvidenceEvent {
  /** Position in the history as ordered by `t`, from 0. */
  readonly index: number;
  /** Nanoseconds since the run's origin. */
  readonly t: number;
  /** The event in words. */
  readonly text: string;
}

export interface Evidence {
  /** Who held what, who got it, what the nodes knew: sentences for a person. */
  readonly sentence: string;
  readonly events: readonly EvidenceEvent[];
  /** Of a violation that turns on one moment: what each node knew then. */
  readonly moment?: Moment;
}

export interface CheckResult {
  readonly name: CheckName;
  readonly verdict: Verdict;
  /** How many things were tested: holds, beliefs, requests, reclaims, graces, reads and writes, nodes and clients. */
  readonly judged: number;
  /** For a violation its proof, for `unknown` the reason; of each lock domain at most {@link EVIDENCE_LIMIT} and one "and n more". */
  readonly evidence: readonly Evidence[];
}

/** The reason that a check which must not be unknown gives for a verdict of `unknown`. */
export const doubtAbout = ({ name, evidence }: CheckResult): string =>
  `${name} is unknown: ${evidence[0]?.sentence ?? 'no reason given'}`;

/** What a checker gives for one lock domain. */
export interface Judged extends CheckResult {
  /** true: there was nothing to judge, and nothing that should have been. The doubt is not about another domain. */
  readonly idle?: true;
}

/** A broken run tends to break thousands of times; a person reads the first few. */
export const EVIDENCE_LIMIT = 10;

export interface VerdictDocument {
  readonly scenario: string;
  readonly seed: number | string | null;
  readonly runtime: string;
  readonly server: string;
  readonly filesystem: string;
  readonly verdict: Verdict;
  /** Why it is not `valid`, one sentence each; empty for `valid`. */
  readonly reasons: readonly string[];
  readonly checks: readonly CheckResult[];
  readonly coverage: Readonly<Record<string, number>>;
  /** Milliseconds; names end in `Ms`. Only what the run showed is there. */
  readonly timings: Readonly<Record<string, number>>;
}
