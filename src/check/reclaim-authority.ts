import { coveredByAdoption, heldSince } from './adoptions.ts';
import { endOfGrantor } from './beliefs.ts';
import type { Claim } from './claims.ts';
import type { CheckContext } from './context.ts';
import type { Grace } from './graces.ts';
import { diedBetween } from './node-lives.ts';
import { conflicting, firstSentFrom, type Operation, overlapping } from './operations.ts';
import { type Permit, permitsFor, permitsOf } from './reclaim-permits.ts';
import { authorityOf, type ClientCourse, coursesOf } from './recovery-records.ts';
import type { Evidence, Judged } from './verdict.ts';
import { atTime, claimWords, evidence, Findings, grantWords, knowledgeWords } from './words.ts';

/**
 * I4 and I6: a reclaim is granted only after the barrier and before the lift, to a client on record for
 * that node (or for a node that it is the heir of), before that client's own RECLAIM_COMPLETE. What is
 * known of records comes from what clients saw, so that a server whose records are wrong (rows 17 and 18,
 * D6, D9) is caught out and not believed.
 */
export function reclaimAuthority(context: CheckContext): Judged {
  const findings = new Findings('reclaim-authority');
  const reclaims = context.operations.all.filter(
    (operation) => operation.reclaim && (operation.outcome === 'ok' || operation.outcome === 'fail'),
  );
  findings.judged = reclaims.length;
  const granted = reclaims.filter((operation) => operation.outcome === 'ok');
  if (granted.length > 0 && context.graces.length === 0) {
    findings.doubt(() => ({
      sentence: 'Reclaims were granted, but the history has no ledger events that tell when grace ran.',
      events: [],
    }));
  }
  const courses = coursesOf(context);
  const permitsAt = permitsByNode(context);
  for (const reclaim of granted) {
    const permits = context.servers(reclaim).flatMap(permitsAt);
    const wrong =
      outsidePermits(context, reclaim, permits) ??
      afterOwnCompletion(context, reclaim, permits, courses) ??
      withoutRecord(context, reclaim, permits, courses) ??
      givenAwayBefore(context, reclaim);
    if (wrong !== null) findings.violation(() => wrong);
  }
  return findings.result('Nobody reclaimed anything.');
}

function permitsByNode(context: CheckContext): (node: string) => readonly Permit[] {
  const byNode = new Map<string, readonly Permit[]>();
  return (node) => {
    const permits = byNode.get(node) ?? permitsOf(context.graces, node);
    byNode.set(node, permits);
    return permits;
  };
}

/** D10, D11: outside every stretch in which this node could grant reclaims, and of nothing that it held for the client all the while. */
function outsidePermits(
  context: CheckContext,
  reclaim: Operation,
  permits: readonly Permit[],
): Evidence | null {
  if (context.graces.length === 0) return null;
  if (permitsFor(permits, reclaim).length > 0 || coveredByAdoption(context, reclaim)) return null;
  const grace = graceAround(context, reclaim);
  const next = permits.find((permit) => permit.from > reclaim.repliedAt && permit.grace === grace);
  const why =
    grace === undefined
      ? 'no grace was running'
      : next !== undefined
        ? early(context, reclaim, next)
        : 'this node could not grant reclaims any more, or not at all, in this grace';
  return evidence(
    context.history,
    `Reclaim at the wrong time: ${grantWords(reclaim)}, but ${why}. ${knowledgeWords(context.history, context.servers(reclaim)[0]!, reclaim.repliedAt)}.`,
    [grace?.start.index ?? -1, reclaim.invokeIndex, reclaim.replyIndex, next?.grace.barriers[0]?.index ?? -1],
    reclaim.repliedAt,
  );
}

/** Too early: before the barrier, or before the node had anything to do with these clients. */
function early(context: CheckContext, reclaim: Operation, { claimant, from }: Permit): string {
  return context.servers(reclaim).includes(claimant)
    ? `the barrier was not reached before ${atTime(from)}`
    : `it had not taken over from ${claimant} before ${atTime(from)}`;
}

/** Row 8: the client had said RECLAIM_COMPLETE to this very life of the server; of what came there with a filesystem, for that one (row 30). */
function afterOwnCompletion(
  context: CheckContext,
  reclaim: Operation,
  permits: readonly Permit[],
  courses: ReadonlyMap<string, ClientCourse>,
): Evidence | null {
  const course = courses.get(reclaim.client);
  const cameAt = context.filesystemsMove ? cameWithFilesystemAt(context, reclaim, permits) : null;
  const completion = course?.completions.findLast(
    ({ node, t, oneFilesystem }) =>
      node === reclaim.node && t < reclaim.invokedAt && (cameAt === null || (oneFilesystem && t >= cameAt)),
  );
  if (course === undefined || completion === undefined) return null;
  const newInstance = course.beginnings.some(({ t }) => t > completion.t && t <= reclaim.invokedAt);
  const servers = context.carriers.during(reclaim.node, completion.t, reclaim.repliedAt);
  const anotherLife = servers.some((node) =>
    diedBetween(context.lives(node), completion.t, reclaim.repliedAt),
  );
  if (newInstance || servers.length > 1 || anotherLife) return null;
  return evidence(
    context.history,
    `Reclaim after RECLAIM_COMPLETE: ${grantWords(reclaim)}, although ${reclaim.client} had completed its recovery there at ${atTime(completion.t)}.`,
    [completion.index, reclaim.invokeIndex, reclaim.replyIndex],
    reclaim.repliedAt,
  );
}

/** Since when a filesystem can have been there with what this reclaims, by the grace in which it came or what the node has held of it since; null: it was there before. */
function cameWithFilesystemAt(
  context: CheckContext,
  reclaim: Operation,
  permits: readonly Permit[],
): number | null {
  const permit = permitsFor(permits, reclaim).find(({ claimant }) => claimant !== reclaim.node);
  return permit?.grace.start.earliest ?? heldSince(context, reclaim);
}

/** Row 18, D6, D9: the client was on record neither for this node nor for one that it inherited. */
function withoutRecord(
  context: CheckContext,
  reclaim: Operation,
  permits: readonly Permit[],
  courses: ReadonlyMap<string, ClientCourse>,
): Evidence | null {
  const held = permitsFor(permits, reclaim);
  const grace = held[0]?.grace;
  if (grace === undefined) return null;
  // The claims of its own address are done; what else is served there gives it no right, and takes none from it.
  const byAddress = held.some(({ claimant }) => claimant === reclaim.node);
  if (!byAddress && coveredByAdoption(context, reclaim)) return null;
  const refusals: { readonly why: string; readonly indices: readonly number[] }[] = [];
  const asked = new Set<string>();
  for (const { claimant, grace } of held) {
    const key = `${claimant} ${grace.recoveryEpoch}`;
    if (asked.has(key)) continue;
    asked.add(key);
    const authority = authorityOf(context, courses.get(reclaim.client), { claimant, grace, reclaim });
    if (authority === 'on-record') return null;
    refusals.push(authority);
  }
  return evidence(
    context.history,
    `Reclaim without authority: ${grantWords(reclaim)}, but ${refusals.map(({ why }) => why).join('; ')}.`,
    [
      grace.start.index,
      reclaim.invokeIndex,
      reclaim.replyIndex,
      ...refusals.flatMap(({ indices }) => indices),
    ],
    reclaim.repliedAt,
  );
}

/** Row 17: before the server died it had already given the range to somebody else. */
function givenAwayBefore(context: CheckContext, reclaim: Operation): Evidence | null {
  if (reclaim.op !== 'lock') return null;
  const reclaimed = context.once('reclaimed-claims', () =>
    Map.groupBy(
      context.claims.filter(({ ending }) => ending === 'reclaimed'),
      ({ endIndex }) => endIndex,
    ),
  );
  for (const claim of reclaimed.get(reclaim.replyIndex) ?? []) {
    const node = context.server(claim.grant);
    const death = node === null ? undefined : endOfGrantor(context, claim, node);
    if (death === undefined) continue;
    // Where the end that made it reclaim came before the reply that granted the lock, the sign found is one of a later end.
    const thief = grantedMeanwhile(context, claim, Math.min(death.earliest, reclaim.invokedAt));
    if (thief === undefined) continue;
    return evidence(
      context.history,
      `Reclaim of a lock that was lost before: ${grantWords(reclaim)}. ${claimWords(claim)}, but then ${grantWords(thief)}, all before ${node} ${death.verb ?? 'died'} at ${atTime(death.earliest)}.`,
      [claim.grant.replyIndex, thief.invokeIndex, thief.replyIndex, death.index, reclaim.replyIndex],
      reclaim.repliedAt,
    );
  }
  return null;
}

function grantedMeanwhile(context: CheckContext, claim: Claim, before: number): Operation | undefined {
  const locks = context.locksByFile.get(claim.file) ?? [];
  for (let at = firstSentFrom(locks, claim.heldFrom); at < locks.length; at += 1) {
    const lock = locks[at]!;
    if (lock.invokedAt > before) return undefined;
    const another = lock.client !== claim.client || lock.owner !== claim.owner;
    const granted = lock.outcome === 'ok' && lock.repliedAt <= before;
    if (another && granted && overlapping(lock, claim) && conflicting(lock.mode, claim.mode)) return lock;
  }
  return undefined;
}

function graceAround(context: CheckContext, operation: Operation): Grace | undefined {
  return context.graces.find(
    ({ start, lift }) =>
      start.earliest <= operation.repliedAt && (lift === null || lift.latest >= operation.invokedAt),
  );
}
