import { type OrphanedBelief, orphanedBeliefs } from './beliefs.ts';
import type { CheckContext } from './context.ts';
import { claimIndices } from './exclusion.ts';
import { conflicting, firstSentFrom, type Operation, overlapping } from './operations.ts';
import { type RefusedChance, refusedChance } from './refused-chance.ts';
import type { Judged } from './verdict.ts';
import { atTime, claimWords, evidence, Findings, grantWords, knowledgeWords, ownerWords } from './words.ts';

/**
 * I2: what a client of a dead node held goes to nobody else before that client had its chance.
 *
 * A conflicting grant is a theft when all of it, from the asking to the answer, lies within the
 * believer's belief and its answer came after the node died: wherever in between the server decided,
 * the believer had its lock and had not been told otherwise. A reclaim that is refused with
 * RECLAIM_CONFLICT while such a request of another is unanswered or of unknown outcome shows the same
 * theft from the victim's side. And a reclaim that comes in time and is refused with NO_GRACE is the chance itself, taken away.
 */
export function noTheft(context: CheckContext): Judged {
  const findings = new Findings('no-theft');
  const beliefs = orphanedBeliefs(context);
  findings.judged = beliefs.length;
  for (const belief of beliefs) {
    const refused = refusedChance(context, belief);
    if (refused !== null) findings.violation(() => noChance(context, belief, refused));
    const ofFile = context.locksByFile.get(belief.claim.file) ?? [];
    for (let at = firstSentFrom(ofFile, belief.claim.heldFrom); at < ofFile.length; at += 1) {
      const lock = ofFile[at]!;
      if (lock.invokedAt > belief.protectedUntil) break;
      if (!couldHaveTaken(belief, lock)) continue;
      if (
        lock.outcome === 'ok' &&
        lock.repliedAt > belief.death.earliest &&
        lock.repliedAt <= belief.protectedUntil
      ) {
        findings.violation(() => theft(context, belief, lock));
      } else if (lock.outcome === 'info' || lock.outcome === 'pending') {
        const refusal = refusedReclaim(context, belief, lock);
        if (refusal !== undefined) findings.violation(() => theft(context, belief, lock, refusal));
      }
    }
  }
  return findings.result('No node died while one of its clients held a lock.');
}

function couldHaveTaken({ claim }: OrphanedBelief, lock: Operation): boolean {
  if (lock.client === claim.client && lock.owner === claim.owner) return false;
  return lock.invokedAt >= claim.heldFrom && overlapping(lock, claim) && conflicting(lock.mode, claim.mode);
}

/** The believer's reclaim that was refused because somebody has a conflicting lock, after `lock` was asked for. */
function refusedReclaim(context: CheckContext, { claim, protectedUntil }: OrphanedBelief, lock: Operation) {
  return (context.locksByFile.get(claim.file) ?? []).find(
    (operation) =>
      operation.reclaim &&
      operation.status === 'RECLAIM_CONFLICT' &&
      operation.client === claim.client &&
      operation.owner === claim.owner &&
      overlapping(operation, claim) &&
      operation.repliedAt > lock.invokedAt &&
      operation.invokedAt >= claim.heldFrom &&
      operation.repliedAt <= protectedUntil,
  );
}

function theft(context: CheckContext, belief: OrphanedBelief, lock: Operation, refusal?: Operation) {
  const { claim, node, death, protectedUntil, endedBy } = belief;
  const taken =
    refusal === undefined
      ? grantWords(lock)
      : `${ownerWords(lock)} asked for it at ${lock.node} at ${atTime(lock.invokedAt)}, and the reclaim of ${claim.client} was refused with RECLAIM_CONFLICT at ${atTime(refusal.repliedAt)}`;
  const until = protectedUntil === Number.POSITIVE_INFINITY ? '' : ` at ${atTime(protectedUntil)}`;
  return evidence(
    context.history,
    `Theft: ${claimWords(claim)}; ${node === claim.node ? node : `${node}, which answered there,`} ${death.verb ?? 'died'} (${death.what}, ${atTime(death.earliest)}); ${taken}, while ${claim.client} still believed in its lock (until ${endedBy}${until}). ${knowledgeWords(context.history, lock.node, lock.repliedAt)}.`,
    [...claimIndices(claim), death.index, lock.invokeIndex, lock.replyIndex, refusal?.replyIndex ?? -1],
    refusal?.repliedAt ?? lock.repliedAt,
  );
}

function noChance(
  context: CheckContext,
  { claim, node, death }: OrphanedBelief,
  { refusal, grace }: RefusedChance,
) {
  return evidence(
    context.history,
    `Chance refused: ${claimWords(claim)}; ${node} ${death.verb ?? 'died'} (${death.what}, ${atTime(death.earliest)}); ${claim.client} had kept its lease and came to reclaim at ${atTime(refusal.invokedAt)}, in the grace that began at ${atTime(grace.start.earliest)}, and was refused with NO_GRACE at ${atTime(refusal.repliedAt)}.`,
    [...claimIndices(claim), death.index, grace.start.index, refusal.invokeIndex, refusal.replyIndex],
    refusal.repliedAt,
  );
}
