/**
 * What one owner may believe to hold of one file. A range is held from the reply that granted it until
 * its unlocking is sent, or until the client is told that it is gone (I5): nothing in between, neither a
 * silent server nor a reboot, changes the belief. A lost range stays marked, and input and output on it
 * is refused, until the owner lets go of it or locks it anew.
 */
import {
  gaps,
  insert,
  type LockedRange,
  type LockMode,
  NO_RANGES,
  overlaps,
  type RangeSet,
  remove,
  type Span,
  within,
} from '../core/byte-ranges.ts';
import type { ByteSpan } from '../history/events.ts';

export interface LostRange extends LockedRange {
  /** Why, as the server said it: `NO_GRACE`, `EXPIRED` ... */
  readonly status: string;
}

/** Called when bytes begin or cease to be held; what was cached of them is worth nothing then. */
export type HoldingChanged = (span: ByteSpan) => void;

export class LockBelief {
  #held: RangeSet = NO_RANGES;
  #lost: readonly LostRange[] = [];
  readonly #listeners = new Set<HoldingChanged>();

  get held(): RangeSet {
    return this.#held;
  }

  get lost(): readonly LostRange[] {
    return this.#lost;
  }

  /** Returns the way to stop listening. */
  onChange(listener: HoldingChanged): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  granted(span: Span, mode: LockMode): void {
    const begun = gaps(this.#held, span);
    this.#held = insert(this.#held, span, mode);
    this.#forgetLoss(span);
    for (const fresh of begun) this.#tell(fresh);
  }

  /** The owner lets go. Returns what it held there, so that a refused unlock can put it back. */
  released(span: Span): RangeSet {
    const gone = within(this.#held, span);
    this.#held = remove(this.#held, span);
    this.#forgetLoss(span);
    for (const range of gone) this.#tell(range.span);
    return gone;
  }

  /** The owner wants no more than to read there. Returns what it held for writing, so that a refused downgrade can put it back. */
  downgraded(span: Span): RangeSet {
    const written = within(this.#held, span).filter(({ mode }) => mode === 'write');
    for (const range of written) this.#held = insert(this.#held, range.span, 'read');
    return written;
  }

  /** The server still holds these for the owner: it answered that the unlocking, or the downgrade, was not done. */
  keep(ranges: RangeSet): void {
    for (const { span, mode } of ranges) this.#held = insert(this.#held, span, mode);
  }

  /** The client was told that the range is gone. */
  lose(range: LockedRange, status: string): void {
    this.#held = remove(this.#held, range.span);
    this.#forgetLoss(range.span);
    this.#lost = [...this.#lost, { ...range, status }];
    this.#tell(range.span);
  }

  /** Is every byte of the span held, for writing if `mode` says so? */
  covers(span: Span, mode: LockMode): boolean {
    const usable = this.#held.filter((range) => mode === 'read' || range.mode === 'write');
    return gaps(usable, span).length === 0;
  }

  /** The first loss that touches the span, or null. */
  lossIn(span: Span): LostRange | null {
    return this.#lost.find((lost) => overlaps(lost.span, span)) ?? null;
  }

  #forgetLoss(span: Span): void {
    this.#lost = this.#lost.flatMap((lost) =>
      remove([lost], span).map((rest) => ({ ...rest, status: lost.status })),
    );
  }

  #tell(span: Span): void {
    const where = toByteSpan(span);
    for (const listener of this.#listeners) listener(where);
  }
}

/** @throws RangeError when the span is empty, starts below 0, or is not of whole numbers. */
export function toSpan(bytes: ByteSpan): Span {
  const span = { start: BigInt(bytes.start), end: bytes.end === null ? null : BigInt(bytes.end) };
  if (span.start < 0n || (span.end !== null && span.end <= span.start)) {
    throw new RangeError(`not a byte range: [${bytes.start}, ${bytes.end ?? 'end of file'})`);
  }
  return span;
}

/** Exact below 2^53; offsets beyond that are rounded, in events and answers only. */
export function toByteSpan(span: Span): ByteSpan {
  return { start: Number(span.start), end: span.end === null ? null : Number(span.end) };
}
