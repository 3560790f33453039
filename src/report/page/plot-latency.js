/** How long answers took, by a logarithmic scale: what was done apart from what was refused. */
import { rule } from './paint.js';
import { BOTTOM, DEEP, eachAnswered, plotOf, REFUSED_KINDS, TOP } from './plots.js';
import { lengthWords } from './words.js';

/** Pixels: answers that fall into one column are one stroke, with the median in it. */
const STROKE = 4;

export function drawLatency(state, surface) {
  const scene = plotOf(state, surface, 'Latency of answers');
  const { done, refused, least, most } = gathered(state, scene);
  if (most === 0) return;
  const { pen, theme, left, width, hits } = scene;
  const place = paintedScale(scene, least, most);
  pen.fillStyle = theme.faint;
  pen.fillText('dark: the median', 8, TOP + 12);
  pen.fillText('pale: all of them', 8, TOP + 26);
  // Refusals first: what was done matters more, and is painted over them.
  paintStrokes(scene, refused, theme.refused, place);
  paintStrokes(scene, done, theme.granted, place);
  hits.add(left, TOP, width, DEEP, (at) => {
    const column = Math.floor((at - left) / STROKE);
    const words = [strokeWords('done', done[column]), strokeWords('refused', refused[column])];
    return words.filter((each) => each !== null).join('\n') || null;
  });
}

/** Latencies by columns, each column in order. */
function gathered(state, { x, left, width }) {
  const { requests } = state.run;
  const columns = Math.max(1, Math.ceil(width / STROKE));
  const done = Array.from({ length: columns }, () => []);
  const refused = Array.from({ length: columns }, () => []);
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  eachAnswered(state, (k) => {
    const took = Math.max(1, requests.answered[k] - requests.asked[k]);
    const at = x(requests.answered[k]) - left;
    if (at < 0 || at >= width) return;
    (REFUSED_KINDS.has(requests.kinds[k]) ? refused : done)[Math.floor(at / STROKE)].push(took);
    least = Math.min(least, took);
    most = Math.max(most, took);
  });
  for (const column of [...done, ...refused]) column.sort((a, b) => a - b);
  return { done, refused, least, most };
}

/** @returns where a latency is on the scale */
function paintedScale({ pen, theme, left, width }, least, most) {
  const low = Math.floor(Math.log10(least));
  const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
  const place = (us) => BOTTOM - ((Math.log10(us) - low) / (high - low)) * DEEP;
  pen.textAlign = 'right';
  pen.fillStyle = theme.faint;
  for (let power = low; power <= high; power += 1) {
    const y = place(10 ** power);
    rule(pen, theme.line, left, y, left + width, y);
    if (y > TOP + 4) pen.fillText(lengthWords(10 ** power).replace(/\.0+ /, ' '), left - 6, y);
  }
  pen.textAlign = 'left';
  return place;
}

const medianOf = (values) => values[values.length >> 1];

function paintStrokes({ pen, left }, columns, colour, place) {
  pen.fillStyle = colour;
  columns.forEach((values, column) => {
    if (values.length === 0) return;
    const at = left + column * STROKE;
    const [top, bottom] = [place(values.at(-1)), place(values[0])];
    pen.globalAlpha = 0.3;
    pen.fillRect(at, top - 1, STROKE - 1, Math.max(2, bottom - top + 2));
    pen.globalAlpha = 1;
    pen.fillRect(at, place(medianOf(values)) - 1.5, STROKE - 1, 3);
  });
}

function strokeWords(name, values) {
  if (values === undefined || values.length === 0) return null;
  return `${name}: ${values.length}, half of them within ${lengthWords(medianOf(values))}, the longest ${lengthWords(values.at(-1))}`;
}
