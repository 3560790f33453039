/**
 * Sets of locked byte ranges with the semantics of POSIX record locks (fcntl, and RFC 8881 section 18.10):
 * per owner a later lock replaces an earlier one where they overlap, so one request may upgrade,
 * downgrade, split and merge at once. Pure: every function returns a new set.
 */

export type LockMode = 'read' | 'write';

/** Half-open: `start` belongs to it, `end` does not. `null`: to infinity. Offsets from 0; never empty. */
export interface Span {
  readonly start: bigint;
  readonly end: bigint | null;
}

export interface LockedRange {
  readonly span: Span;
  readonly mode: LockMode;
}

/** What one owner holds: ascending, disjoint, and neighbours of the same mode merged. */
export type RangeSet = readonly LockedRange[];

export const NO_RANGES: RangeSet = [];

/** Does `end` lie at or before `offset`? Infinity never does. */
const endsBy = (end: bigint | null, offset: bigint): boolean => end !== null && end <= offset;

const earlierEnd = (a: bigint | null, b: bigint | null): bigint | null =>
  a === null ? b : b === null || a < b ? a : b;

/** Math.max does not take bigints. */
const laterStart = (a: bigint, b: bigint): bigint => (a < b ? b : a);

export const isSpan = (span: Span): boolean =>
  span.start >= 0n && (span.end === null || span.start < span.end);

/** Have the two a byte in common? Spans that only touch have none. */
export const overlaps = (a: Span, b: Span): boolean => !endsBy(a.end, b.start) && !endsBy(b.end, a.start);

/** Two locks of different owners on common bytes conflict unless both are for reading. */
export const modesConflict = (a: LockMode, b: LockMode): boolean => a === 'write' || b === 'write';

/**
 * What is left after unlocking `span`, held or not (LOCKU, RFC 8881 section 18.12).
 * @throws RangeError when the span is empty or starts below 0.
 */
export function remove(held: RangeSet, span: Span): RangeSet {
  assertSpan(span);
  const left: LockedRange[] = [];
  for (const range of held) {
    // No byte in common: stays as it is.
    if (!overlaps(range.span, span)) {
      left.push(range);
      continue;
    }
    // It begins before the span: the piece up to the span stays.
    if (range.span.start < span.start) {
      left.push({ span: { start: range.span.start, end: span.start }, mode: range.mode });
    }
    // It goes on after the span: the piece from the span's end to the range's own end stays. Both pieces
    // stay when the middle of a range is unlocked. The right one keeps its absolute end: computing it from
    // a length that was measured from the old start is defect D15.
    if (span.end !== null && !endsBy(range.span.end, span.end)) {
      left.push({ span: { start: span.end, end: range.span.end }, mode: range.mode });
    }
    // Neither: the range lies within the span, and nothing of it stays.
  }
  return left;
}

/**
 * What is held after locking `span` in `mode`: there the new mode replaces whatever was held (upgrade or
 * downgrade), around it everything stays, and neighbours of the new range in its mode become one with it.
 * @throws RangeError when the span is empty or starts below 0.
 */
export function insert(held: RangeSet, span: Span, mode: LockMode): RangeSet {
  const around = remove(held, span);
  // Nothing overlaps the span any more, so each range lies either wholly before it or wholly after it.
  const before = around.filter((range) => range.span.start < span.start);
  const after = around.slice(before.length);

  let { start, end } = span;
  // The range before ends exactly where the new one starts, in the same mode: one range.
  const previous = before.at(-1);
  if (previous !== undefined && previous.mode === mode && previous.span.end === start) {
    start = previous.span.start;
    before.pop();
  }
  // The range after starts exactly where the new one ends, in the same mode: one range. Nothing comes after
  // infinity.
  const next = after[0];
  if (next !== undefined && next.mode === mode && next.span.start === end) {
    end = next.span.end;
    after.shift();
  }
  return [...before, { span: { start, end }, mode }, ...after];
}

/** The parts of `held` that lie in `span`, cut to it. */
export function within(held: RangeSet, span: Span): RangeSet {
  assertSpan(span);
  return held
    .filter((range) => overlaps(range.span, span))
    .map((range) => ({
      span: {
        start: laterStart(range.span.start, span.start),
        end: earlierEnd(range.span.end, span.end),
      },
      mode: range.mode,
    }));
}

/** The parts of `span` where nothing of `held` lies, ascending. */
export function gaps(held: RangeSet, span: Span): readonly Span[] {
  let open: RangeSet = [{ span, mode: 'read' }];
  for (const range of within(held, span)) open = remove(open, range.span);
  return open.map((range) => range.span);
}

/** The first range of `held` that keeps another owner from locking `span` in `mode`; null: none does. */
export function firstConflict(held: RangeSet, span: Span, mode: LockMode): LockedRange | null {
  return held.find((range) => modesConflict(range.mode, mode) && overlaps(range.span, span)) ?? null;
}

/** Which of several owners, other than `asking`, keeps `asking` from the lock; null: nobody does. */
export function conflictAmong<Owner>(
  owners: Iterable<readonly [Owner, RangeSet]>,
  asking: Owner,
  span: Span,
  mode: LockMode,
): { readonly owner: Owner; readonly range: LockedRange } | null {
  for (const [owner, held] of owners) {
    // An owner is never in its own way (RFC 8881 section 18.10.4).
    if (owner === asking) continue;
    const range = firstConflict(held, span, mode);
    if (range !== null) return { owner, range };
  }
  return null;
}

function assertSpan(span: Span): void {
  if (!isSpan(span)) throw new RangeError(`not a byte range: [${span.start}, ${span.end ?? 'infinity'})`);
}
