/** What the plots below the timeline have in common: the stretch of time, the shaded faults, the frame. */
import { placesInView } from './columns.js';
import { KINDS, REFUSALS } from './decode.js';
import { sceneOf } from './draw.js';
import { label, rule } from './paint.js';
import { ticksOf } from './span.js';

export const PLOT_HEIGHT = 104;
export const TOP = 20;
export const BOTTOM = PLOT_HEIGHT - 8;
export const DEEP = BOTTOM - TOP;
export const GRANTED = new Set([KINDS.indexOf('granted'), KINDS.indexOf('reclaim')]);
export const REFUSED_KINDS = new Set([...REFUSALS].map((kind) => KINDS.indexOf(kind)));

/** The scene of a plot, with its frame painted. */
export function plotOf(state, surface, title) {
  const scene = sceneOf(state, surface);
  const { pen, theme, x, left, width, run } = scene;
  pen.fillStyle = theme.soft;
  pen.fillRect(left, TOP, width, DEEP);
  withinPlot(scene, () => {
    for (const fault of run.faults) {
      pen.globalAlpha = 0.16;
      pen.fillStyle = theme.fault;
      pen.fillRect(x(fault.from), TOP, Math.max(1, x(fault.to) - x(fault.from)), DEEP);
      pen.globalAlpha = 1;
      const from = Math.max(left, x(fault.from));
      label(pen, theme.faint, fault.fault, from + 3, TOP + 7, Math.min(x(fault.to), left + width) - from - 6);
    }
    for (const at of ticksOf(scene.span, width, 90).ticks) rule(pen, theme.line, x(at), TOP, x(at), BOTTOM);
  });
  pen.fillStyle = theme.ink;
  pen.font = `600 12px ${scene.font}`;
  pen.fillText(title, 8, TOP - 9);
  pen.font = `11px ${scene.font}`;
  return scene;
}

/** Calls `take` with each request that was answered, by its number, of those in view and a few before. */
export function eachAnswered({ run, layout, span }, take) {
  const { requests } = run;
  const { from, to } = placesInView(requests, layout.chosen, span);
  for (let place = from; place < to; place += 1) {
    const k = layout.chosen[place];
    if (requests.answered[k] >= 0) take(k);
  }
}

export function withinPlot({ pen, left, width }, paint) {
  pen.save();
  pen.beginPath();
  pen.rect(left, TOP, width, DEEP);
  pen.clip();
  paint();
  pen.restore();
}
