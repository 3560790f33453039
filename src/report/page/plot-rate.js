/** How many locks and opens were granted per second, and how many were refused. */
import { bar } from './paint.js';
import { BOTTOM, DEEP, eachAnswered, GRANTED, plotOf, REFUSED_KINDS, TOP, withinPlot } from './plots.js';
import { ticksOf } from './span.js';
import { lengthWords, secondsWords } from './words.js';

/** Counts are made over stretches this wide or a little wider, so that a rate is one of a round time. */
const BUCKET_PIXELS = 5;

export function drawRate(state, surface) {
  const scene = plotOf(state, surface, 'Locks and opens per second');
  const counts = countedRates(state, scene);
  withinPlot(scene, () => paintRates(scene, counts));
  const { pen, theme, left, width, span, hits } = scene;
  const { first, step, grants, refusals } = counts;
  const rate = (count) => Math.round((count * 1e6) / step).toLocaleString('en');
  const upTo = (values) => (mostOf(values) === 0 ? 'none' : `up to ${rate(mostOf(values))}/s`);
  pen.fillStyle = theme.granted;
  pen.fillText(`grants: ${upTo(grants)}`, 8, TOP + 12);
  pen.fillStyle = theme.refused;
  pen.fillText(`refusals: ${upTo(refusals)}`, 8, TOP + 28);
  hits.add(left, TOP, width, DEEP, (at) => {
    const k = Math.floor((span.from + ((at - left) / width) * (span.to - span.from)) / step) - first;
    if (grants[k] === undefined) return null;
    return `${rate(grants[k])} grants/s, ${rate(refusals[k])} refusals/s\n${secondsWords((first + k) * step)}, over ${lengthWords(step)}`;
  });
}

/** By stretches of `step`, the first of which is the `first` one since the run's origin. */
function countedRates(state, { span, width }) {
  const { requests } = state.run;
  const { step } = ticksOf(span, width, BUCKET_PIXELS);
  const first = Math.floor(span.from / step);
  const length = Math.ceil(span.to / step) - first + 1;
  const grants = new Float64Array(length);
  const refusals = new Float64Array(length);
  eachAnswered(state, (k) => {
    const bucket = Math.floor(requests.answered[k] / step) - first;
    if (bucket < 0 || bucket >= length) return;
    if (GRANTED.has(requests.kinds[k])) grants[bucket] += 1;
    else if (REFUSED_KINDS.has(requests.kinds[k])) refusals[bucket] += 1;
  });
  return { first, step, grants, refusals };
}

const mostOf = (values) => values.reduce((a, b) => Math.max(a, b), 0);

/** Each against its own largest: grants are few where refusals are thousands. */
function paintRates({ pen, theme, x }, { first, step, grants, refusals }) {
  const heightOf = (values) => {
    const most = Math.max(1, mostOf(values));
    return (k) => BOTTOM - (values[k] / most) * (DEEP - 4);
  };
  const [granted, refused] = [heightOf(grants), heightOf(refusals)];
  grants.forEach((count, k) => {
    const from = x((first + k) * step);
    const width = x((first + k + 1) * step) - from - 1;
    if (count > 0) bar(pen, theme.granted, from, granted(k), width, BOTTOM - granted(k), 0);
  });
  pen.strokeStyle = theme.refused;
  pen.lineWidth = 1.25;
  pen.beginPath();
  refusals.forEach((_, k) => {
    pen.lineTo(x((first + k) * step), refused(k));
    pen.lineTo(x((first + k + 1) * step), refused(k));
  });
  pen.stroke();
}
