import type { Claim } from './claims.ts';
import type { CheckContext } from './context.ts';
import { findOverlaps } from './exclusion-sweep.ts';
import type { Judged } from './verdict.ts';
import { atTime, claimWords, evidence, Findings } from './words.ts';

/**
 * I1: no two owners hold conflicting locks at the same time.
 *
 * A claim counts from the reply that granted it to the last moment at which it was certainly alive. A
 * client that fell silent, was cut off or was rebooted under has no proof for what came after, so a
 * server that rightly gave its lock away is never accused; the price is that a double grant to a
 * client that is never heard of again is left to `no-theft`.
 */
export function exclusion({ history, claims }: CheckContext): Judged {
  const findings = new Findings('exclusion');
  const holds = claims.filter((claim) => claim.provenUntil > claim.heldFrom);
  findings.judged = holds.length;
  findOverlaps(holds, (later, findEarlier) => {
    findings.violation(() => {
      const earlier = findEarlier();
      const until = Math.min(earlier.provenUntil, later.provenUntil);
      return evidence(
        history,
        `Two owners at once: ${claimWords(earlier)}; ${claimWords(later)}. Both certainly held from ${atTime(later.heldFrom)} to ${atTime(until)}.`,
        [...claimIndices(earlier), ...claimIndices(later)],
        later.heldFrom,
      );
    });
  });
  return findings.result('No lock was held for long enough to prove that it was.');
}

/** The events that a claim rests on. */
export function claimIndices(claim: Claim): number[] {
  return [claim.grant.invokeIndex, claim.grant.replyIndex, claim.endIndex];
}
