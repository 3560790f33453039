import { listen } from './controls.js';
import { decodeRun } from './decode.js';
import { drawLanes } from './draw.js';
import { happenings, writeEvents } from './events.js';
import { AXIS, layoutOf } from './layout.js';
import { drawOverview, OVERVIEW_HEIGHT } from './overview.js';
import { Hits, themeOf } from './paint.js';
import { proofsOf, writeChecks, writeHead, writeLegend, writeNumbers, writeStory } from './panels.js';
import { drawLatency } from './plot-latency.js';
import { drawRate } from './plot-rate.js';
import { PLOT_HEIGHT } from './plots.js';
import { spanWithin, wholeRun } from './span.js';
import { lengthWords, secondsWords } from './words.js';

const byId = (id) => document.getElementById(id);
const run = decodeRun(JSON.parse(byId('run').textContent));
const proofs = proofsOf(run);

/** All that the page shows follows from this. */
const state = {
  run,
  proofs,
  filter: { client: '', file: '' },
  layout: layoutOf(run, { client: '', file: '' }),
  span: firstSpan(run, proofs),
  happenings: happenings(run),
  /** The proof whose pins are shown, and which of its pins is in the middle; null: none. */
  proof: proofs[0] ?? null,
  pin: null,
  /** The moment that somebody went to; null: none. */
  cursor: null,
  theme: themeOf(document.body),
};

const surfaces = Object.fromEntries(
  ['overview', 'lanes', 'rate', 'latency'].map((id) => [
    id,
    { canvas: byId(id), hits: new Hits(), width: 0, height: 0 },
  ]),
);
const timeline = byId('timeline');
/** More than this of a screen's height is not for one part of a page. */
const HIGHEST = 0.8;
let waiting = false;
let listedAt = 0;

function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function draw() {
  const width = timeline.clientWidth;
  const height = Math.min(state.layout.height, Math.max(260, Math.round(innerHeight * HIGHEST)));
  timeline.style.height = `${height}px`;
  byId('height').style.height = `${state.layout.height}px`;
  for (const [id, high] of [
    ['overview', OVERVIEW_HEIGHT],
    ['lanes', height],
    ['rate', PLOT_HEIGHT],
    ['latency', PLOT_HEIGHT],
  ])
    Object.assign(surfaces[id], { width, height: high });
  drawOverview(state, surfaces.overview);
  const drawn = drawLanes(state, surfaces.lanes, timeline.scrollTop);
  drawRate(state, surfaces.rate);
  drawLatency(state, surfaces.latency);
  const { from, to } = state.span;
  byId('window').textContent =
    `${secondsWords(Math.max(0, Math.round(from)))} to ${secondsWords(Math.round(Math.min(to, run.end)))} (${lengthWords(to - from)})`;
  // For whoever looks at the page with a program: what is drawn at the moment.
  Object.assign(timeline.dataset, {
    from,
    to,
    drawn,
    chosen: state.layout.chosen.length,
    lanes: state.layout.lanes.length,
    cursor: state.cursor ?? '',
  });
  listLater();
}

/** The list follows once the drawing stands still: it is the slower of the two. */
function listLater() {
  clearTimeout(listedAt);
  listedAt = setTimeout(
    () => writeEvents(state, byId('events'), byId('event-count'), (at) => actions.goTo(at)),
    120,
  );
}

const actions = {
  redraw,
  theme: () => themeOf(document.body),
  show(span) {
    state.span = span;
    redraw();
  },
  choose(filter) {
    state.filter = { ...state.filter, ...filter };
    state.layout = layoutOf(run, state.filter);
    redraw();
  },
  /** To a moment, near enough that what happened around it can be told apart. */
  goTo(at) {
    state.cursor = at;
    const length = Math.min(state.span.to - state.span.from, Math.max(2000, run.end / 40));
    state.span = spanWithin(run.end, at - length / 2, at + length / 2);
    redraw();
  },
  /** A proof as a whole, or one piece of it. */
  showProof(proof, pin) {
    state.proof = proof;
    state.pin = pin;
    const place = proofs.indexOf(proof);
    if (place >= 0)
      writeStory(proofs, place, byId('story'), (next, of) => actions.showProof(proofs[next], of));
    // What the filter hides could not be seen.
    if (state.filter.client !== '' || state.filter.file !== '') {
      byId('filter-client').value = '';
      byId('filter-file').value = '';
      actions.choose({ client: '', file: '' });
    }
    if (pin !== null) {
      const { at, lanes, text } = proof.pins[pin];
      actions.goTo(at);
      scrollToLane(lanes[0]);
      byId('spoken').textContent = `${pin + 1}: ${text}`;
    } else {
      state.cursor = null;
      state.span = spanOf(proof);
    }
    timeline.scrollIntoView({ block: 'nearest' });
    redraw();
  },
};

function scrollToLane(name) {
  const lane = state.layout.lanes.find(
    (each) => each.name === name && (each.type === 'node' || each.type === 'client'),
  );
  if (lane === undefined) return;
  const above = lane.top - AXIS < timeline.scrollTop;
  const below = lane.top + lane.height > timeline.scrollTop + timeline.clientHeight;
  if (above || below) timeline.scrollTop = Math.max(0, lane.top - AXIS - 20);
}

/** What to show first: what went wrong, else what happened. A cluster that starts is of no interest; the overview has it. */
function firstSpan({ end, requests, faults }, [proof]) {
  const whole = wholeRun(end);
  if (proof !== undefined) return spanOf(proof);
  const first = Math.min(requests.asked[0] ?? end, faults[0]?.from ?? end);
  return first < end * 0.25 || first > end * 0.9
    ? whole
    : spanWithin(end, first - (end - first) * 0.1, whole.to);
}

/** All pieces of a proof, with a little air. */
function spanOf({ pins }) {
  const moments = pins.map(({ at }) => at);
  const [first, last] = [Math.min(...moments), Math.max(...moments)];
  const air = Math.max(3000, (last - first) * 0.12);
  return spanWithin(run.end, first - air, last + air);
}

function fillFilter(select, what, names) {
  select.append(new Option(`all ${what}`, ''), ...names.map((name) => new Option(name, name)));
}

writeHead(run, byId('head'));
writeStory(proofs, 0, byId('story'), (next, pin) => actions.showProof(proofs[next], pin));
writeChecks(run, byId('checks'), (proof, pin) =>
  actions.showProof(proofs.find(({ pins }) => pins === proof.pins) ?? proof, pin),
);
writeNumbers(run, byId('numbers'));
writeLegend(byId('legend'));
byId('left-out').textContent = run.leftOut.join('; ');
fillFilter(
  byId('filter-client'),
  'clients',
  run.clients.map(({ name }) => name),
);
fillFilter(byId('filter-file'), 'files', [...new Set(run.requests.shapes.map(({ file }) => file))].sort());
listen(state, surfaces, actions);
draw();
