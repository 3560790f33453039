import type { Claim } from './claims.ts';
import type { CheckContext } from './context.ts';
import { findOverlaps, lasts } from './exclusion-sweep.ts';
import type { Judged } from './verdict.ts';
import { atTime, claimWords, evidence, Findings } from './words.ts';

/**
 * I1: no two owners hold conflicting locks at the same time.
 *
 * A claim counts from the reply that granted it to the last moment at which it was certainly alive. A
 * client that fell silent, was cut off or was rebooted under has no proof for what came after, so a
 * server that rightly gave its lock away is never accused; the price is that a second grant while the
 * first holder is never heard of again is left to `no-theft`. Of a second holder that is never heard of
 * again at least the grant is certain.
 */
export function exclusion({ history, claims }: CheckContext): Judged {
  const findings = new Findings('exclusion');
  const granted = claims.filter((claim) => lasts(claim) || claim.heldFrom === claim.grant.repliedAt);
  findings.judged = granted.filter(lasts).length;
  findOverlaps(granted, (later, findEarlier) => {
    findings.violation(() => {
      const earlier = findEarlier();
      return evidence(
        history,
        `Two owners at once: ${claimWords(earlier)}; ${claimWords(later)}. ${heldTogether(earlier, later)}`,
        [...claimIndices(earlier), ...claimIndices(later)],
        later.heldFrom,
      );
    });
  });
  return findings.result('No lock was held for long enough to prove that it was.');
}

function heldTogether(earlier: Claim, later: Claim): string {
  if (!lasts(later))
    return `The one was certainly held all the time from the other's request at ${atTime(later.grant.invokedAt)} to its answer.`;
  const until = Math.min(earlier.provenUntil, later.provenUntil);
  return `Both certainly held from ${atTime(later.heldFrom)} to ${atTime(until)}.`;
}

/** The events that a claim rests on. */
export function claimIndices(claim: Claim): number[] {
  return [claim.grant.invokeIndex, claim.grant.replyIndex, claim.endIndex];
}
