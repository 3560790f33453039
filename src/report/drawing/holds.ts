import type { Claim } from '../../check/claims.ts';
import type { CheckContext } from '../../check/context.ts';
import { type Names, Shapes, us } from './names.ts';

/** Who held which range when, by columns, in the order of their beginnings. Times are whole microseconds. */
export interface HoldColumns {
  /**
   * Each once: client, owner, file, node, mode (0 read, 1 write), first byte, end (null: of the file), reclaimed (0, 1),
   * how the belief ended. Names by their number.
   */
  readonly shapes: readonly (readonly (number | null)[])[];
  readonly shape: readonly number[];
  /** When it was certainly held from, as the difference to the one before. */
  readonly from: readonly number[];
  /** For how long it was certainly alive at the server. */
  readonly proven: readonly number[];
  /** For how long its client believed in it. */
  readonly believed: readonly number[];
}

const MOST_HOLDS = 200_000;

export function holdColumns(
  context: CheckContext,
  claims: readonly Claim[],
  names: Names,
  leftOut: string[],
): HoldColumns {
  const kept = claims.toSorted((a, b) => a.heldFrom - b.heldFrom).slice(0, MOST_HOLDS);
  if (kept.length < claims.length)
    leftOut.push(
      `${claims.length - kept.length} of ${claims.length} held ranges are not drawn, the last ones`,
    );
  const shapes = new Shapes();
  const columns = {
    shape: [] as number[],
    from: [] as number[],
    proven: [] as number[],
    believed: [] as number[],
  };
  let before = 0;
  for (const claim of kept) {
    const from = us(claim.heldFrom);
    const until = Math.min(claim.believedUntil, context.endsAt);
    columns.shape.push(shapes.of(shapeOf(claim, names)));
    columns.from.push(from - before);
    columns.proven.push(Math.max(0, us(Math.min(claim.provenUntil, until)) - from));
    columns.believed.push(Math.max(0, us(until) - from));
    before = from;
  }
  return { shapes: shapes.all, ...columns };
}

function shapeOf({ client, owner, file, node, mode, start, end, grant, ending }: Claim, names: Names) {
  return [
    names.of(client),
    names.of(owner),
    names.of(file),
    names.of(node),
    Number(mode === 'write'),
    start,
    Number.isFinite(end) ? end : null,
    Number(grant.reclaim),
    names.of(ending),
  ];
}
