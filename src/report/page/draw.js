/** The timeline as a whole: shades through all lanes, the lanes in view, the axis, pins of the evidence, the cursor. */
import { AXIS, GUTTER, ROW } from './layout.js';
import { dot, prepared, rule } from './paint.js';
import { PAINTERS, paintFaults, paintGutter } from './paint-lanes.js';
import { ticksOf } from './span.js';
import { tickWords } from './words.js';

/** Free of lanes at the right edge. */
const RIGHT = 12;

/** What all painting goes by. @param at `{ canvas, width, height, hits }` */
export function sceneOf(state, { canvas, width, height, hits }) {
  const pen = prepared(canvas, width, height);
  const inner = Math.max(50, width - GUTTER - RIGHT);
  const { span, run, theme } = state;
  const scale = inner / (span.to - span.from);
  const colours = new Map(run.clients.map(({ name }, k) => [name, theme.clients[k % theme.clients.length]]));
  pen.font = `11px ${theme.font}`;
  pen.textBaseline = 'middle';
  hits.clear();
  return {
    pen,
    run,
    theme,
    span,
    hits,
    font: theme.font,
    left: GUTTER,
    width: inner,
    height,
    x: (us) => GUTTER + (us - span.from) * scale,
    colourOfClient: (name) => colours.get(name) ?? theme.other,
    /** Told of what was painted; see the page's `data-drawn`. */
    count: () => undefined,
  };
}

/** @returns how many requests were in view, in all lanes of nodes and clients together */
export function drawLanes(state, surface, scroll) {
  const scene = sceneOf(state, surface);
  const { pen, theme, left, width, height } = scene;
  let drawn = 0;
  scene.count = (requests) => {
    drawn += requests;
  };
  clipped(scene, () => {
    shadeGraces(scene, height);
    verticals(scene, height);
    paintFaults(scene, state.layout.lanes, scroll, height);
  });
  for (const lane of state.layout.lanes) {
    const y = lane.top - scroll;
    if (y + lane.height < AXIS || y > height) continue;
    if (lane.type === 'heading') {
      PAINTERS.heading(scene, lane, y);
      continue;
    }
    paintGutter(scene, lane, y);
    clipped(scene, () => PAINTERS[lane.type](guttered(scene), lane, y));
    rule(pen, theme.soft, 0, y + lane.height - 3.5, left + width, y + lane.height - 3.5);
  }
  drawAxis(scene);
  clipped(scene, () => {
    drawPins(state, scene, scroll);
    if (state.cursor !== null)
      rule(pen, theme.cursor, scene.x(state.cursor), 0, scene.x(state.cursor), height, 1.5);
  });
  return drawn;
}

function clipped({ pen, left, width, height }, paint) {
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, width, height);
  pen.clip();
  paint();
  pen.restore();
}

/** The same scene, whose rectangles do not reach into the names. */
function guttered(scene) {
  const { hits, left } = scene;
  const add = (x, y, width, height, words) => {
    const from = Math.max(x, left);
    if (x + width >= left) hits.add(from, y, x + width - from, height, words);
  };
  return { ...scene, hits: { add } };
}

/** Of one domain its graces are shaded through all lanes; of several nobody could tell whose is which. */
function shadeGraces(scene, height) {
  const { pen, run } = scene;
  if (run.domains.length !== 1) return;
  pen.globalAlpha = 0.14;
  for (const grace of run.domains[0].graces) shadeGrace(scene, grace, height);
  pen.globalAlpha = 1;
}

/** To the barrier in one colour, from there to the lift in another. */
export function shadeGrace({ pen, theme, x, run }, { from, barriers, lift }, height) {
  const end = lift ?? run.end;
  const barrier = barriers[0] ?? end;
  pen.fillStyle = theme.grace;
  pen.fillRect(x(from), 0, Math.max(1, x(barrier) - x(from)), height);
  pen.fillStyle = theme.barrier;
  if (barriers.length > 0) pen.fillRect(x(barrier), 0, Math.max(1, x(end) - x(barrier)), height);
}

function verticals({ pen, theme, x, span, width }, height) {
  for (const at of ticksOf(span, width, 90).ticks) rule(pen, theme.soft, x(at), AXIS, x(at), height);
}

function drawAxis({ pen, theme, x, span, width, left }) {
  pen.fillStyle = theme.paper;
  pen.fillRect(0, 0, left + width + RIGHT, AXIS - 4);
  const { step, ticks } = ticksOf(span, width, 90);
  pen.textAlign = 'center';
  for (const at of ticks) {
    pen.fillStyle = theme.faint;
    pen.fillText(tickWords(at, step), x(at), 10);
    rule(pen, theme.line, x(at), AXIS - 7, x(at), AXIS - 3);
  }
  pen.textAlign = 'left';
  rule(pen, theme.line, left, AXIS - 3.5, left + width, AXIS - 3.5);
}

/** Numbered: where each piece of the chosen proof is, in the lanes that it is about. */
function drawPins(state, scene, scroll) {
  const { pen, theme, x } = scene;
  const { proof, layout } = state;
  if (proof === null) return;
  const last = new Map();
  proof.pins.forEach((pin, k) => {
    const place = x(pin.at);
    const shown = state.pin === k;
    rule(pen, theme.cursor, place, AXIS, place, scene.height, shown ? 2 : 1, shown ? [] : [3, 3]);
    for (const lane of lanesOfPin(pin, layout)) {
      // Of two that fall together the later one moves aside.
      const aside = Math.max(place, (last.get(lane) ?? Number.NEGATIVE_INFINITY) + 16);
      last.set(lane, aside);
      numbered(scene, aside, lane.top - scroll + (lane.stripTop ?? ROW) + 2, k + 1, shown);
    }
  });
}

const lanesOfPin = (pin, layout) =>
  layout.lanes.filter(({ type, name }) => (type === 'node' || type === 'client') && pin.lanes.includes(name));

function numbered({ pen, theme, font }, x, y, number, shown) {
  dot(pen, theme.paper, x, y, shown ? 10 : 8.5);
  dot(pen, theme.cursor, x, y, shown ? 9 : 7.5);
  pen.fillStyle = theme.paper;
  pen.font = `700 10px ${font}`;
  pen.textAlign = 'center';
  pen.fillText(String(number), x, y + 0.5);
  pen.textAlign = 'left';
  pen.font = `11px ${font}`;
}
