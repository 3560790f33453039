import type { DomainPart } from './domains.ts';
import type { CheckName, CheckResult, Evidence, Judged, Verdict } from './verdict.ts';

/** What one checker says of one lock domain. */
export interface PartResult {
  readonly part: DomainPart;
  readonly result: Judged;
}

/**
 * One result for all lock domains of a run: the worst verdict, all that was judged, and evidence that says of which domain
 * it is. A domain in which there was nothing to judge takes nothing away from one in which there was: nothing went
 * on there that anybody should have looked at.
 */
export function mergedResult(name: CheckName, results: readonly PartResult[]): CheckResult {
  const [only] = results;
  if (results.length === 1 && only!.part.name === null) {
    const { idle: _, ...result } = only!.result;
    return result;
  }
  const judging = results.filter(({ result }) => !result.idle);
  const telling = judging.length > 0 ? judging : results;
  const verdict = worst(telling.map(({ result }) => result.verdict));
  return {
    name,
    verdict,
    judged: results.reduce((sum, { result }) => sum + result.judged, 0),
    evidence: telling
      .filter(({ result }) => result.verdict === verdict)
      .flatMap(({ part, result }) => result.evidence.map((each) => inDomain(part, each))),
  };
}

const BADNESS: Readonly<Record<Verdict, number>> = { valid: 0, unknown: 1, violation: 2 };

const worst = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce((a, b) => (BADNESS[b] > BADNESS[a] ? b : a), 'valid');

function inDomain(part: DomainPart, evidence: Evidence): Evidence {
  const { sentence, events } = evidence;
  return {
    ...evidence,
    sentence: `In domain ${part.name}: ${sentence}`,
    events: events.map((event) => ({ ...event, index: part.indexInRun(event.index) })),
  };
}
