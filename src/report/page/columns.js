/**
 * Level of detail: where more requests are in view than can be told apart, they are counted in columns a few pixels wide.
 * What is counted is every request of the view, so a single grant among a thousand refusals is still seen.
 */
import { firstFrom, KINDS } from './decode.js';

/** Pixels. */
export const COLUMN = 3;
/** A lane with more requests in view than one in so many pixels is drawn in columns. */
const PIXELS_EACH = 4;

/** @returns `{ from, first, to }`: places in `chosen`; from `first` on they were asked in view */
export function placesInView(requests, chosen, span) {
  // Requests are in the order in which they were asked; a long one that began before the view is looked for a little way back.
  const first = firstFrom(requests, chosen, span.from);
  return { from: Math.max(0, first - 64), first, to: firstFrom(requests, chosen, span.to) };
}

export function wantsColumns({ first, to }, width) {
  return (to - first) * PIXELS_EACH > width;
}

/** For each column the number of requests of each kind, by the moment of the answer, or of the asking where there is none. */
export function countedColumns(requests, chosen, { from, to }, span, width) {
  const columns = Math.max(1, Math.ceil(width / COLUMN));
  const counts = KINDS.map(() => new Uint32Array(columns));
  const scale = columns / (span.to - span.from);
  let most = 0;
  for (let place = from; place < to; place += 1) {
    const k = chosen[place];
    const at = requests.answered[k] < 0 ? requests.asked[k] : requests.answered[k];
    const column = Math.floor((at - span.from) * scale);
    if (column < 0 || column >= columns) continue;
    counts[requests.kinds[k]][column] += 1;
    most = Math.max(most, counts[requests.kinds[k]][column]);
  }
  return { columns, counts, most };
}

/** Of `height` pixels, those for `count` where `most` is the largest: by the logarithm, and never less than two for one. */
export function columnHeight(count, most, height) {
  if (count === 0) return 0;
  return Math.max(2, Math.round((height * Math.log1p(count)) / Math.log1p(Math.max(most, 3))));
}
