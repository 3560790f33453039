/** Two plots below the timeline, over the same stretch of time: grants and refusals per second, and how long answers took. */
import { firstFrom, KINDS } from './decode.js';
import { sceneOf } from './draw.js';
import { bar, label, rule } from './paint.js';
import { ticksOf } from './span.js';
import { lengthWords, secondsWords } from './words.js';

export const PLOT_HEIGHT = 104;
const TOP = 20;
const BOTTOM = PLOT_HEIGHT - 8;
const DEEP = BOTTOM - TOP;
/** Counts are made over stretches this wide or a little wider, so that a rate is one of a round time. */
const BUCKET_PIXELS = 5;
const GRANTED = new Set([KINDS.indexOf('granted'), KINDS.indexOf('reclaim')]);
const REFUSED_KINDS = new Set([
  KINDS.indexOf('refused'),
  KINDS.indexOf('denied'),
  KINDS.indexOf('reclaim-refused'),
]);

function plotOf(state, surface, title) {
  const scene = sceneOf(state, surface);
  const { pen, theme, x, left, width, run, hits } = scene;
  pen.fillStyle = theme.soft;
  pen.fillRect(left, TOP, width, DEEP);
  pen.save();
  pen.beginPath();
  pen.rect(left, TOP, width, DEEP);
  pen.clip();
  for (const fault of run.faults) {
    pen.globalAlpha = 0.25;
    pen.fillStyle = theme.fault;
    pen.fillRect(x(fault.from), TOP, Math.max(1, x(fault.to) - x(fault.from)), DEEP);
    pen.globalAlpha = 1;
    const from = Math.max(left, x(fault.from));
    label(pen, theme.faint, fault.fault, from + 3, TOP + 7, Math.min(x(fault.to), left + width) - from - 6);
    hits.add(from, TOP, Math.max(0, x(fault.to) - from), DEEP, () => null);
  }
  for (const at of ticksOf(scene.span, width, 90).ticks) rule(pen, theme.line, x(at), TOP, x(at), BOTTOM);
  pen.restore();
  pen.fillStyle = theme.ink;
  pen.font = `600 12px ${scene.font}`;
  pen.fillText(title, 8, TOP - 9);
  pen.font = `11px ${scene.font}`;
  return scene;
}

/** @returns the places in `chosen` of the requests that were answered in view, roughly */
function inView({ run, span }, chosen) {
  return {
    from: Math.max(0, firstFrom(run.requests, chosen, span.from) - 64),
    to: firstFrom(run.requests, chosen, span.to),
  };
}

export function drawRate(state, surface) {
  const scene = plotOf(state, surface, 'Locks and opens per second');
  const { pen, theme, x, left, width, span, hits } = scene;
  const { step } = ticksOf(span, width, BUCKET_PIXELS);
  const first = Math.floor(span.from / step);
  const count = Math.ceil(span.to / step) - first + 1;
  const grants = new Float64Array(count);
  const refusals = new Float64Array(count);
  const { requests } = state.run;
  const { from, to } = inView({ ...scene, run: state.run }, state.layout.chosen);
  for (let place = from; place < to; place += 1) {
    const k = state.layout.chosen[place];
    if (requests.answered[k] < 0) continue;
    const bucket = Math.floor(requests.answered[k] / step) - first;
    if (bucket < 0 || bucket >= count) continue;
    if (GRANTED.has(requests.kinds[k])) grants[bucket] += 1;
    else if (REFUSED_KINDS.has(requests.kinds[k])) refusals[bucket] += 1;
  }
  const perSecond = 1e6 / step;
  const most = (values) => values.reduce((a, b) => Math.max(a, b), 1);
  const [mostGrants, mostRefusals] = [most(grants), most(refusals)];
  const place = (value, of) => BOTTOM - (value / of) * (DEEP - 4);
  pen.save();
  pen.beginPath();
  pen.rect(left, TOP, width, DEEP);
  pen.clip();
  for (let k = 0; k < count; k += 1) {
    if (grants[k] === 0) continue;
    const from = x((first + k) * step);
    bar(
      pen,
      theme.granted,
      from,
      place(grants[k], mostGrants),
      x((first + k + 1) * step) - from - 1,
      BOTTOM - place(grants[k], mostGrants),
      0,
    );
  }
  pen.strokeStyle = theme.refused;
  pen.lineWidth = 1.25;
  pen.beginPath();
  for (let k = 0; k < count; k += 1) {
    const y = place(refusals[k], mostRefusals);
    pen.lineTo(x((first + k) * step), y);
    pen.lineTo(x((first + k + 1) * step), y);
  }
  pen.stroke();
  pen.restore();
  const rate = (value) => Math.round(value * perSecond).toLocaleString('en');
  pen.fillStyle = theme.granted;
  pen.fillText(`grants, up to ${rate(mostGrants)}/s`, 8, TOP + 12);
  pen.fillStyle = theme.refused;
  pen.fillText(`refusals, up to ${rate(mostRefusals)}/s`, 8, TOP + 28);
  hits.add(left, TOP, width, DEEP, (at) => {
    const k = Math.floor((span.from + ((at - left) / width) * (span.to - span.from)) / step) - first;
    if (k < 0 || k >= count) return null;
    return `${rate(grants[k])} grants/s, ${rate(refusals[k])} refusals/s\n${secondsWords((first + k) * step)}, over ${lengthWords(step)}`;
  });
}

export function drawLatency(state, surface) {
  const scene = plotOf(state, surface, 'Latency of answers');
  const { pen, theme, x, left, width, hits } = scene;
  const { requests } = state.run;
  const { from, to } = inView({ ...scene, run: state.run }, state.layout.chosen);
  const columns = Math.max(1, Math.ceil(width / 4));
  const granted = Array.from({ length: columns }, () => []);
  const refused = Array.from({ length: columns }, () => []);
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let place = from; place < to; place += 1) {
    const k = state.layout.chosen[place];
    const took = requests.answered[k] - requests.asked[k];
    const at = x(requests.answered[k]) - left;
    if (requests.answered[k] < 0 || at < 0 || at >= width) continue;
    (REFUSED_KINDS.has(requests.kinds[k]) ? refused : granted)[
      Math.min(columns - 1, Math.floor(at / 4))
    ].push(Math.max(1, took));
    least = Math.min(least, Math.max(1, took));
    most = Math.max(most, took);
  }
  if (most === 0) return;
  const low = 10 ** Math.floor(Math.log10(least));
  const high = 10 ** Math.ceil(Math.log10(Math.max(most, low * 10)));
  const place = (us) =>
    BOTTOM - ((Math.log10(us) - Math.log10(low)) / (Math.log10(high) - Math.log10(low))) * DEEP;
  for (let at = low; at <= high; at *= 10) {
    rule(pen, theme.line, left, place(at), left + width, place(at));
    pen.textAlign = 'right';
    pen.fillStyle = theme.faint;
    if (place(at) > TOP + 2 || at === high)
      pen.fillText(lengthWords(at).replace('.00', '').replace('.0', ''), left - 6, place(at));
    pen.textAlign = 'left';
  }
  const told = new Map();
  // Refusals first: what was granted matters more, and is painted over them.
  for (const [values, colour, name] of [
    [refused, theme.refused, 'refused'],
    [granted, theme.granted, 'done'],
  ]) {
    values.forEach((each, column) => {
      if (each.length === 0) return;
      each.sort((a, b) => a - b);
      const at = left + column * 4;
      const [top, bottom, median] = [each.at(-1), each[0], each[each.length >> 1]].map(place);
      pen.globalAlpha = 0.3;
      pen.fillStyle = colour;
      pen.fillRect(at, top - 1, 3, Math.max(2, bottom - top + 2));
      pen.globalAlpha = 1;
      pen.fillRect(at, median - 1.5, 3, 3);
      const words = `${name}: ${each.length}, half of them within ${lengthWords(each[each.length >> 1])}, the longest ${lengthWords(each.at(-1))}`;
      told.set(column, [...(told.get(column) ?? []), words]);
    });
  }
  pen.fillStyle = theme.faint;
  pen.fillText('dark: the median', 8, TOP + 12);
  pen.fillText('pale: all of them', 8, TOP + 26);
  hits.add(left, TOP, width, DEEP, (at) => told.get(Math.floor((at - left) / 4))?.join('\n') ?? null);
}
