/** Requests over time: each for itself where there is room, else counted in columns. Granted is up, refused is down. */
import { COLUMN, columnHeight, countedColumns, placesInView, wantsColumns } from './columns.js';
import { KINDS, REFUSALS } from './decode.js';
import { STRIP } from './layout.js';
import { countWords, requestTimes, requestWords, secondsWords } from './words.js';

const HALF = STRIP / 2;

export const colourOf = (theme, kind) => (kind === 'reclaim-refused' ? theme.denied : theme[kind]);

/** @param scene what all painting goes by: pen, theme, span, width, x(us), run, hits */
export function paintStrip(scene, chosen, y) {
  const { pen, theme, span, width, left, run } = scene;
  const middle = y + HALF;
  pen.fillStyle = theme.line;
  pen.fillRect(left, middle, width, 1);
  const places = placesInView(run.requests, chosen, span);
  scene.count(places.to - places.first);
  if (wantsColumns(places, width)) paintColumns(scene, chosen, places, middle);
  else paintEach(scene, chosen, places, middle);
}

function paintEach({ pen, theme, x, left, width, run, hits }, chosen, { from, to }, middle) {
  const { requests } = run;
  for (let place = from; place < to; place += 1) {
    const k = chosen[place];
    const kind = KINDS[requests.kinds[k]];
    const start = x(requests.asked[k]);
    const end = requests.answered[k] < 0 ? start : x(requests.answered[k]);
    if (end < left || start > left + width) continue;
    // Nobody knows for how much of its time an unanswered one was anything at all.
    const high = kind === 'other' || kind === 'unknown' ? 4 : kind === 'reclaim' ? HALF - 1 : HALF - 4;
    const top = REFUSALS.has(kind) ? middle + 1 : middle - high;
    pen.fillStyle = colourOf(theme, kind);
    pen.fillRect(start, top, Math.max(2, end - start), high);
    hits.add(
      start,
      middle - HALF,
      Math.max(2, end - start),
      STRIP,
      () => `${requestWords(requests, k)}\n${requestTimes(requests, k)}`,
    );
  }
}

function paintColumns({ pen, theme, span, width, left, run, hits }, chosen, places, middle) {
  const { columns, counts, most } = countedColumns(run.requests, chosen, places, span, width);
  for (let column = 0; column < columns; column += 1) {
    let up = 0;
    let down = 0;
    KINDS.forEach((kind, number) => {
      const count = counts[number][column];
      if (count === 0) return;
      const below = REFUSALS.has(kind);
      const used = below ? down : up;
      const high = Math.min(columnHeight(count, most, HALF - 1), HALF - used);
      // Full to the edge already: what is rarer is painted over what is not.
      const from = high < 2 ? HALF - 3 : used;
      const tall = Math.max(2, high);
      pen.fillStyle = colourOf(theme, kind);
      pen.fillRect(
        left + column * COLUMN,
        below ? middle + 1 + from : middle - from - tall,
        COLUMN - 0.5,
        tall,
      );
      if (below) down = Math.min(HALF, used + tall);
      else up = Math.min(HALF, used + tall);
    });
  }
  const length = (span.to - span.from) / columns;
  hits.add(left, middle - HALF, width, STRIP, (x) => {
    const column = Math.min(columns - 1, Math.max(0, Math.floor((x - left) / COLUMN)));
    const told = KINDS.map((kind, number) => [kind, counts[number][column]]).filter(([, count]) => count > 0);
    if (told.length === 0) return null;
    const from = span.from + column * length;
    const words = told.map(([kind, count]) => `${kind}: ${countWords(count, 'request')}`);
    return `${words.join('\n')}\n${secondsWords(Math.round(from))} to ${secondsWords(Math.round(from + length))}; zoom in to see each`;
  });
}
