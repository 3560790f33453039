import type { Claim } from './claims.ts';
import { conflicting, overlapping } from './operations.ts';
import { RangeCounter } from './range-counter.ts';

/**
 * Finds every claim that begins while a conflicting claim of another owner is certainly held.
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
  const byEnd = claims.toSorted((a, b) => a.provenUntil - b.provenUntil);
  let ended = 0;
  for (const [begun, claim] of byStart.entries()) {
    for (; byEnd[ended]!.provenUntil <= claim.heldFrom; ended += 1) count(byEnd[ended]!, -1);
    const rivals = claim.mode === 'write' ? all : writers;
    if (rivals.max(place.get(claim.start)!, place.get(claim.end)!) > 0) {
      found(claim, () => rivalAmong(byStart, begun));
    }
    count(claim, 1);
  }
}

function rivalAmong(byStart: readonly Claim[], begun: number): Claim {
  const claim = byStart[begun]!;
  for (let at = begun - 1; at >= 0; at -= 1) {
    const other = byStart[at]!;
    if (
      other.provenUntil > claim.heldFrom &&
      overlapping(other, claim) &&
      conflicting(other.mode, claim.mode)
    )
      return other;
  }
  throw new Error('the sweep counted a rival that is not there');
}
