/** The whole run in one strip, and in it the stretch that the timeline shows. */
import { COLUMN, columnHeight, countedColumns } from './columns.js';
import { KINDS, REFUSALS } from './decode.js';
import { sceneOf, shadeGrace } from './draw.js';
import { rule } from './paint.js';
import { wholeRun } from './span.js';

export const OVERVIEW_HEIGHT = 44;
const MIDDLE = OVERVIEW_HEIGHT / 2;

export function drawOverview(state, surface) {
  const scene = sceneOf({ ...state, span: wholeRun(state.run.end) }, surface);
  const { pen, theme, x, left, width, run } = scene;
  pen.fillStyle = theme.soft;
  pen.fillRect(left, 0, width, OVERVIEW_HEIGHT);
  pen.globalAlpha = 0.45;
  for (const { graces } of run.domains) for (const grace of graces) shadeGrace(scene, grace, OVERVIEW_HEIGHT);
  pen.globalAlpha = 0.3;
  pen.fillStyle = theme.fault;
  for (const { from, to } of run.faults)
    pen.fillRect(x(from), 0, Math.max(1, x(to) - x(from)), OVERVIEW_HEIGHT);
  pen.globalAlpha = 1;
  paintCounts(scene, state);
  pen.fillStyle = theme.faint;
  pen.fillText('whole run', 8, MIDDLE);
  const from = Math.max(left, x(state.span.from));
  const to = Math.min(left + width, x(state.span.to));
  pen.globalAlpha = 0.65;
  pen.fillStyle = theme.paper;
  pen.fillRect(left, 0, from - left, OVERVIEW_HEIGHT);
  pen.fillRect(to, 0, left + width - to, OVERVIEW_HEIGHT);
  pen.globalAlpha = 1;
  pen.strokeStyle = theme.ink;
  pen.lineWidth = 1.5;
  pen.strokeRect(from, 0.75, Math.max(3, to - from), OVERVIEW_HEIGHT - 1.5);
  for (const pin of state.proof?.pins ?? [])
    rule(pen, theme.cursor, x(pin.at), 0, x(pin.at), OVERVIEW_HEIGHT);
}

/** What the filter lets through: refusals below the middle, all else above. */
function paintCounts({ pen, theme, span, left, width }, { run, layout }) {
  const all = { from: 0, to: layout.chosen.length };
  const { columns, counts } = countedColumns(run.requests, layout.chosen, all, span, width);
  const [up, down] = [new Float64Array(columns), new Float64Array(columns)];
  for (const [kind, count] of counts.entries()) {
    const side = REFUSALS.has(KINDS[kind]) ? down : up;
    for (let k = 0; k < columns; k += 1) side[k] += count[k];
  }
  bars(up, theme.granted, -1);
  bars(down, theme.refused, 1);

  function bars(heights, colour, direction) {
    const most = heights.reduce((a, b) => Math.max(a, b), 1);
    pen.fillStyle = colour;
    heights.forEach((count, k) => {
      if (count === 0) return;
      const high = columnHeight(count, most, MIDDLE - 3);
      pen.fillRect(left + k * COLUMN, direction < 0 ? MIDDLE - high : MIDDLE, COLUMN - 0.5, high);
    });
  }
}
