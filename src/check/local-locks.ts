import type { History } from '../history/events.ts';
import type { Claim } from './claims.ts';
import type { CheckContext } from './context.ts';
import { claimIndices } from './exclusion.ts';
import { type Enforcement, enforcements } from './grace-enforcement.ts';
import { conflicting, isNewState, type Operation, overlapping } from './operations.ts';
import type { Judged } from './verdict.ts';
import { atTime, claimWords, evidence, Findings, grantWords, knowledgeWords, ownerWords } from './words.ts';

/** Did programs take part that are not NFS clients? Only then is there this check. */
export const hasLocalPrograms = (history: History): boolean =>
  history.some((event) => (event.kind === 'op' || event.kind === 'client') && event.local === true);

/**
 * C7: a program that is not an NFS client blocks, or is told to come again, for the length of grace; and what it holds and
 * what NFS clients hold exclude each other (I1).
 *
 * - Whatever a local program asks for new and gets within the time in which its node must refuse is a violation. The time is the same as for
 *   clients, at its smallest (grace-enforcement).
 * - One that asked within that time and was given it after the lift has waited, as it should.
 * - To let go of something is never refused.
 * - What a local program certainly holds nobody else holds at that time. It is proven by what its node did for it afterwards.
 */
export function localLocks(context: CheckContext): Judged {
  const findings = new Findings('local-locks');
  const windowOf = enforcements(context);
  const enforced = enforcedWhenAsked(context);
  for (const operation of context.operations.all) {
    if (!operation.local) continue;
    if (operation.op === 'unlock') judgeUnlock(context, findings, operation);
    if (!isNewState(operation)) continue;
    const window = windowOf(operation.node, operation);
    if (window !== undefined) judgeInGrace(context, findings, operation, window);
    else if (operation.outcome === 'ok' && enforced(operation)) findings.judged += 1;
  }
  judgeExclusion(context, findings);
  return findings.result(
    'No local program asked for anything in grace, or held a lock for long enough to prove it.',
  );
}

function judgeInGrace(
  context: CheckContext,
  findings: Findings,
  operation: Operation,
  { from, because, until, grace }: Enforcement,
): void {
  if (operation.outcome !== 'ok' && operation.outcome !== 'fail') return;
  findings.judged += 1;
  if (operation.outcome === 'fail') return;
  const lift = until === Number.POSITIVE_INFINITY ? 'the end of the run' : atTime(until);
  findings.violation(() =>
    evidence(
      context.history,
      `A local program was not held back: ${grantWords(operation)}, but ${because} by ${atTime(from.latest)} and grace was not lifted before ${lift}. ${knowledgeWords(context.history, operation.node, operation.repliedAt)}.`,
      [from.index, operation.invokeIndex, operation.replyIndex, grace.lift?.index ?? -1],
      operation.repliedAt,
    ),
  );
}

function judgeUnlock({ history }: CheckContext, findings: Findings, operation: Operation): void {
  if (operation.outcome !== 'fail') return;
  findings.judged += 1;
  findings.violation(() =>
    evidence(
      history,
      `A local program could not let go: ${ownerWords(operation)} was refused to unlock ${operation.file} at ${operation.node} with ${operation.status ?? 'an error'} (${atTime(operation.repliedAt)}).`,
      [operation.invokeIndex, operation.replyIndex],
      operation.repliedAt,
    ),
  );
}

/** Was its node certainly refusing when this was asked, and not any more when it was answered? */
export function enforcedWhenAsked(context: CheckContext): (operation: Operation) => boolean {
  const windowOf = enforcements(context);
  return (operation) => {
    const asked = { invokedAt: operation.invokedAt, repliedAt: operation.invokedAt };
    return windowOf(operation.node, operation) === undefined && windowOf(operation.node, asked) !== undefined;
  };
}

/** Each pair of which one is local; pairs of NFS clients are `exclusion`'s. Local programs hold few locks: no sweep is needed. */
function judgeExclusion({ history, claims }: CheckContext, findings: Findings): void {
  const holds = claims.filter(({ provenUntil, heldFrom }) => provenUntil > heldFrom);
  const byFile = Map.groupBy(holds, ({ file }) => file);
  for (const own of holds.filter(({ grant }) => grant.local)) {
    findings.judged += 1;
    for (const other of byFile.get(own.file) ?? []) {
      // A pair of local programs is met from both sides.
      if (!excludes(own, other) || (other.grant.local && other.heldFrom < own.heldFrom)) continue;
      const from = Math.max(own.heldFrom, other.heldFrom);
      const until = Math.min(own.provenUntil, other.provenUntil);
      findings.violation(() =>
        evidence(
          history,
          `Two owners at once, one of them a local program: ${claimWords(own)}; ${claimWords(other)}. Both certainly held from ${atTime(from)} to ${atTime(until)}.`,
          [...claimIndices(own), ...claimIndices(other)],
          from,
        ),
      );
    }
  }
}

const excludes = (a: Claim, b: Claim): boolean =>
  (a.client !== b.client || a.owner !== b.owner) &&
  overlapping(a, b) &&
  conflicting(a.mode, b.mode) &&
  a.heldFrom < b.provenUntil &&
  b.heldFrom < a.provenUntil;
