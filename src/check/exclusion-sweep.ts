import type { Claim } from './claims.ts';
import { conflicting, overlapping } from './operations.ts';
import { RangeCounter } from './range-counter.ts';

/**
 * Finds every claim that begins while a conflicting claim of another owner is certainly held. Of a claim that nothing proves for
 * longer than the moment of its reply (its owner is never heard of again) only the grant is certain, at some moment between request
 * and reply: it is found if the other one was held all that time.
 *
 * A sweep over time, file by file: at each instant what ends goes first (claims are half-open in time),
 * then what begins asks two counting trees over the file's byte boundaries how many writers, or holders
 * of any kind, cover a byte of it. n claims cost O(n log n), however many are held at once. Claims of one
 * owner never overlap in bytes and time (claims.ts), so whatever is found belongs to somebody else.
 *
 * @param found called with the claim that begins, and a way to the conflicting one that began before it
 *   (linear in the claims of the file: for evidence, not for counting)
 */
export function findOverlaps(
  claims: readonly Claim[],
  found: (later: Claim, earlier: () => Claim) => void,
): void {
  for (const ofFile of Map.groupBy(claims, (claim) => claim.file).values()) sweep(ofFile, found);
}

function sweep(claims: readonly Claim[], found: (later: Claim, earlier: () => Claim) => void): void {
  const boundaries = [...new Set(claims.flatMap((claim) => [claim.start, claim.end]))].sort((a, b) => a - b);
  const place = new Map(boundaries.map((boundary, at) => [boundary, at]));
  const all = new RangeCounter(boundaries.length);
  const writers = new RangeCounter(boundaries.length);
  const count = (claim: Claim, by: 1 | -1) => {
    const from = place.get(claim.start)!;
    const to = place.get(claim.end)!;
    all.add(from, to, by);
    if (claim.mode === 'write') writers.add(from, to, by);
  };
  const byStart = claims.toSorted((a, b) => a.heldFrom - b.heldFrom);
  const byEnd = claims.filter(lasts).sort((a, b) => a.provenUntil - b.provenUntil);
  let ended = 0;
  for (const [begun, claim] of byStart.entries()) {
    for (; ended < byEnd.length && byEnd[ended]!.provenUntil <= claim.heldFrom; ended += 1)
      count(byEnd[ended]!, -1);
    const rivals = claim.mode === 'write' ? all : writers;
    const contested = rivals.max(place.get(claim.start)!, place.get(claim.end)!) > 0;
    if (lasts(claim)) {
      if (contested) found(claim, () => rivalAmong(byStart, begun, claim.heldFrom)!);
      count(claim, 1);
    } else if (contested) {
      const rival = rivalAmong(byStart, begun, claim.grant.invokedAt);
      if (rival !== null) found(claim, () => rival);
    }
  }
}

/** Is it proven for longer than the moment of its reply? */
export const lasts = ({ heldFrom, provenUntil }: Claim): boolean => provenUntil > heldFrom;

/** Whoever holds what the claim is about, from `since` at the latest until after the claim's beginning. */
function rivalAmong(byStart: readonly Claim[], begun: number, since: number): Claim | null {
  const claim = byStart[begun]!;
  for (let at = begun - 1; at >= 0; at -= 1) {
    const other = byStart[at]!;
    if (
      other.heldFrom <= since &&
      other.provenUntil > claim.heldFrom &&
      overlapping(other, claim) &&
      conflicting(other.mode, claim.mode)
    )
      return other;
  }
  return null;
}
