/** One lane after the other, of all kinds. `scene` is what all painting goes by: see `drawLanes` in draw.js. */
import { GUTTER, MARKS, ROW } from './layout.js';
import { bar, diamond, dot, hatched, label, rule } from './paint.js';
import { paintStrip } from './paint-strip.js';
import {
  faultWords,
  graceWords,
  holdWords,
  lengthWords,
  ownerWords,
  rangeWords,
  secondsWords,
} from './words.js';

export const PAINTERS = {
  heading: paintHeading,
  steps: paintSteps,
  domain: paintDomain,
  node: paintNode,
  client: paintClient,
  file: paintFile,
};

function paintHeading({ pen, theme, left, width }, lane, y) {
  rule(pen, theme.line, 0, y + 16.5, left + width, y + 16.5);
  pen.fillStyle = theme.faint;
  pen.fillText(lane.name.toUpperCase(), 8, y + 8);
}

/** What stands on the left of a lane: its name, and what there is to say of it in a word. */
export function paintGutter(scene, lane, y) {
  const { pen, theme, font } = scene;
  const about = lane.type === 'client' && lane.client.node !== null ? `mounts ${lane.client.node}` : '';
  pen.font = `600 12px ${font}`;
  label(pen, theme.ink, lane.name, 8, y + ROW / 2 + 1, lane.piece >= 9 ? GUTTER - 64 : GUTTER - 16);
  pen.font = `11px ${font}`;
  label(pen, theme.faint, about, 8, y + ROW * 1.5 + 1, GUTTER - 16);
  if (lane.type === 'client') bar(pen, scene.colourOfClient(lane.name), 0, y + 1, 3, lane.height - 10, 0);
  if (lane.type !== 'file' || lane.piece < 9) return;
  pen.textAlign = 'right';
  lane.bounds.slice(0, -1).forEach((bound, k) => {
    const end = lane.bounds[k + 1];
    const text = `${bound}–${Number.isFinite(end) ? end : 'end'}`;
    label(pen, theme.faint, text, GUTTER - 6, y + (k + 0.5) * lane.piece + 1, 60);
  });
  pen.textAlign = 'left';
}

function paintSteps(scene, lane, y) {
  const { pen, theme, x, left, width, hits } = scene;
  let free = left;
  for (const [k, [at, text]] of lane.steps.entries()) {
    const from = x(at);
    if (from < left - 400 || from > left + width) continue;
    const next = k + 1 < lane.steps.length ? x(lane.steps[k + 1][0]) : left + width;
    rule(pen, theme.faint, from, y + 2, from, y + ROW - 2);
    hits.add(from, y, Math.max(4, Math.min(next - from, 300)), ROW, () => `${text}\nat ${secondsWords(at)}`);
    const start = Math.max(from + 4, free);
    const room = Math.min(next, left + width) - start - 4;
    if (room > 40) {
      label(pen, theme.faint, text, start, y + ROW / 2 + 1, room);
      free = start + Math.min(room, pen.measureText(text).width) + 8;
    }
  }
}

function paintDomain(scene, lane, y) {
  const { pen, theme, hits } = scene;
  for (const grace of lane.graces) {
    const lift = grace.lift ?? scene.run.end;
    const barrier = grace.barriers[0] ?? lift;
    const words = () => graceWords(grace);
    piece(scene, theme.grace, grace.from, barrier, y, 'enforcing', words);
    if (grace.barriers.length > 0) piece(scene, theme.barrier, barrier, lift, y, 'reclaiming', words);
    for (const at of grace.barriers) {
      diamond(pen, theme.reclaim, scene.x(at), y + ROW / 2, 4);
      hits.add(
        scene.x(at) - 4,
        y,
        8,
        ROW,
        () => `barrier reached at ${secondsWords(at)}\n${graceWords(grace)}`,
      );
    }
  }
}

/** A stretch with a name in it. */
function piece(scene, colour, from, to, y, name, words, height = ROW - 3) {
  const { pen, theme, x, left, width, hits } = scene;
  const start = Math.max(x(from), left - 4);
  const end = Math.min(x(to), left + width + 4);
  if (end < left || start > left + width) return;
  bar(pen, colour, start, y + 1, end - start, height, 3);
  hits.add(start, y, Math.max(1, end - start), height + 2, words);
  const room = end - Math.max(start, left) - 8;
  if (name !== '') label(pen, theme.ink, name, Math.max(start, left) + 4, y + ROW / 2, room);
}

function paintNode(scene, lane, y) {
  const { theme, run } = scene;
  const { node } = lane;
  for (const [from, to, incarnation] of node.lives) {
    const name = incarnation === 0 ? 'life before this run' : `incarnation ${incarnation}`;
    piece(
      scene,
      theme.life,
      from,
      to,
      y,
      name,
      () => `${node.name}, ${name}: ${secondsWords(from)} to ${secondsWords(to)}`,
    );
  }
  // A line along the life: what the node itself knew of grace.
  for (const [stretches, colour] of [
    [node.enforcing, theme.grace],
    [node.reclaiming, theme.barrier],
  ]) {
    for (const [from, to, text] of stretches)
      piece(scene, colour, from, to, y + ROW - 6, '', stretchWords(run, from, to, text), 4);
  }
  let row = 1;
  for (const [stretches, colour, name] of [
    [node.outages, theme.outage, 'no store'],
    [node.fencing, theme.fault, 'being fenced'],
  ]) {
    if (stretches.length === 0) continue;
    for (const [from, to, text] of stretches)
      piece(scene, colour, from, to, y + row * ROW, name, stretchWords(run, from, to, text));
    row += 1;
  }
  paintStrip(scene, lane.requests, y + lane.stripTop);
  const marks = y + lane.marksTop;
  paintMarks(scene, node.news, marks, (pen, x) => rule(pen, theme.news, x, marks, x, marks + MARKS - 2));
  paintMarks(scene, node.records, marks, (pen, x) => dot(pen, theme.record, x, marks + MARKS / 2, 3));
  paintMarks(scene, node.swaps, marks, (pen, x) => diamond(pen, theme.swap, x, marks + MARKS / 2, 4.5));
  paintMarks(scene, node.takeovers, marks, (pen, x) => rule(pen, theme.reclaim, x, y, x, marks + MARKS, 3));
}

const stretchWords = (run, from, to, text) => () =>
  `${run.texts[text]}\n${secondsWords(from)} to ${secondsWords(to)}, ${lengthWords(to - from)}`;

/** One mark where many fall on one pixel: their texts are told together. */
function paintMarks({ pen, x, left, width, run, hits }, marks, y, paint) {
  let last = null;
  for (const [at, text] of marks) {
    const place = Math.round(x(at));
    if (place < left - 5 || place > left + width + 5) continue;
    const line = `${run.texts[text]} (${secondsWords(at)})`;
    if (last !== null && place - last.place < 2) {
      last.lines.push(line);
      continue;
    }
    const lines = [line];
    last = { place, lines };
    paint(pen, place + 0.5);
    hits.add(place - 3, y, 7, MARKS, () =>
      (lines.length > 8 ? [...lines.slice(0, 8), `and ${lines.length - 8} more`] : lines).join('\n'),
    );
  }
}

function paintClient(scene, lane, y) {
  const { theme, run } = scene;
  const { client } = lane;
  const ends = [];
  lane.holds.forEach((hold, k) => {
    const top = y + lane.rowOf[k] * ROW;
    const colours = hold.reclaimed ? [theme['believed-again'], theme.reclaimed] : [theme.belief, theme.lock];
    paintHold(
      scene,
      hold,
      top + 1,
      ROW - 4,
      colours,
      ends,
      lane.rowOf[k],
      `${hold.mode} ${rangeWords(hold)} ${hold.file}`,
    );
  });
  for (const [from, to, text] of client.recovering)
    piece(scene, theme.unknown, from, to, y + lane.stripTop - 3, '', stretchWords(run, from, to, text), 3);
  paintStrip(scene, lane.requests, y + lane.stripTop);
  const marks = y + lane.marksTop;
  paintMarks(scene, client.news, marks, (pen, x) => rule(pen, theme.news, x, marks, x, marks + MARKS - 2));
  paintMarks(scene, client.told, marks, (on, place) => {
    rule(on, theme.told, place - 4, marks, place + 4, marks + 8, 2);
    rule(on, theme.told, place + 4, marks, place - 4, marks + 8, 2);
  });
}

/** Solid as long as the lock was certainly alive at the server, pale and hatched as long as its client only believed in it. */
function paintHold(scene, hold, top, height, [believed, proven], ends, row, name) {
  const { pen, x, left, width, hits } = scene;
  const from = Math.max(x(hold.from), left - 4);
  const to = Math.min(x(hold.until), left + width + 4);
  if (to < left || from > left + width) return;
  // What falls on the same pixel as the one before it would paint over it and be seen no better.
  if (to - from < 1 && ends[row] !== undefined && from - ends[row] < 1) return;
  ends[row] = to;
  bar(pen, believed, from, top, to - from, height);
  // Of many thin ones the strokes would run together.
  if (height >= 5)
    hatched(
      pen,
      proven,
      Math.max(from, Math.min(x(hold.proven), left + width)),
      top,
      to - Math.max(from, x(hold.proven)),
      height,
    );
  const certain = Math.min(x(hold.proven), left + width + 4) - from;
  if (certain > 0.5) bar(pen, proven, from, top, certain, height);
  hits.add(from, top, Math.max(1, to - from), height, () => holdWords(hold));
  if (height >= 9) nameHold(scene, name, Math.max(from, left), from + certain, to, top + height / 2 + 1);
}

/** Where it can be read: on the solid part if it fits there, else on the pale one. */
function nameHold({ pen, theme }, name, from, solidTo, to, y) {
  const wanted = pen.measureText(name).width + 8;
  if (solidTo - from >= wanted || solidTo >= to)
    label(pen, theme.paper, name, from + 4, y, Math.min(solidTo, to) - from - 8);
  else label(pen, theme.ink, name, Math.max(from, solidTo) + 4, y, to - Math.max(from, solidTo) - 8);
}

function paintFile(scene, lane, y) {
  const { pen, theme, left, width } = scene;
  for (let k = 0; k < lane.bounds.length && lane.piece >= 6; k += 1)
    rule(pen, theme.soft, left, y + k * lane.piece + 0.5, left + width, y + k * lane.piece + 0.5);
  const ends = [];
  for (const hold of lane.holds) {
    const colour = scene.colourOfClient(hold.client);
    const top = lane.topOf(hold);
    pen.globalAlpha = 0.9;
    paintHold(
      scene,
      hold,
      y + top + 1,
      Math.max(2, lane.heightOf(hold) - 2),
      [`${colour}55`, colour],
      ends,
      `${top} ${hold.client}`,
      ownerWords(hold),
    );
    pen.globalAlpha = 1;
  }
}

/** A fault is shaded through all lanes, and hatched in those of whom it hit. */
export function paintFaults(scene, lanes, scroll, height) {
  const { pen, theme, x, left, width, run, hits } = scene;
  for (const fault of run.faults) {
    const from = Math.max(left, x(fault.from));
    const to = Math.min(left + width, Math.max(x(fault.to), x(fault.from) + 1));
    if (to < left || from > left + width) continue;
    pen.globalAlpha = 0.1;
    pen.fillStyle = theme.fault;
    pen.fillRect(from, 0, to - from, height);
    pen.globalAlpha = 1;
    for (const lane of lanes) {
      if ((lane.type !== 'node' && lane.type !== 'client') || !fault.targets.includes(lane.name)) continue;
      const y = lane.top - scroll;
      pen.globalAlpha = 0.28;
      pen.fillRect(from, y, to - from, lane.height - 4);
      pen.globalAlpha = 0.8;
      hatched(pen, theme.fault, from, y, to - from, lane.height - 4);
      pen.globalAlpha = 1;
      hits.add(from, y, to - from, lane.height - 4, () => faultWords(fault));
      label(pen, theme.ink, `${fault.fault}`, from + 4, y + ROW / 2, to - from - 8);
    }
  }
}
