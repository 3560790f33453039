const run = JSON.parse(document.getElementById('run').textContent);
const svg = document.getElementById('drawing');
const timeline = document.getElementById('timeline');
const tip = document.getElementById('tip');

const NAME_WIDTH = 110;
const AXIS_HEIGHT = 24;
const ROW_HEIGHT = 14;
const LANE_GAP = 12;
const MARK_HEIGHT = 12;

/** Pixels per millisecond. */
let scale = 1;
/** The moment that a reader pointed at in the evidence, in milliseconds; null for none. */
let cursorMs = null;

const x = (ms) => NAME_WIDTH + ms * scale;

// ---- small makers of elements ----

function shape(name, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.dataset.tip = text;
  svg.append(element);
  return element;
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const seconds = (ms) => `${(ms / 1000).toFixed(3)} s`;

// ---- the timeline ----

function laneHeight(lane) {
  const rows = 1 + Math.max(0, ...lane.bars.map(({ row }) => row));
  return rows * ROW_HEIGHT + MARK_HEIGHT + LANE_GAP;
}

function draw() {
  svg.replaceChildren();
  const height = AXIS_HEIGHT + run.lanes.reduce((sum, lane) => sum + laneHeight(lane), 0);
  svg.setAttribute('width', x(run.endMs) + 20);
  svg.setAttribute('height', height);
  for (const grace of run.graces) drawGrace(grace, height);
  drawAxis(height);
  let y = AXIS_HEIGHT;
  for (const lane of run.lanes) {
    drawLane(lane, y);
    y += laneHeight(lane);
  }
  if (cursorMs !== null) line('cursor', cursorMs, 0, height, seconds(cursorMs));
}

function line(className, ms, y1, y2, text) {
  return shape('line', { class: className, x1: x(ms), x2: x(ms), y1, y2 }, text);
}

function drawAxis(height) {
  const step =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 60000].find((ms) => ms * scale >= 70) ??
    600000;
  for (let ms = 0; ms <= run.endMs; ms += step) {
    line('axis', ms, AXIS_HEIGHT - 6, height);
    shape('text', { class: 'axis-label', x: x(ms) + 3, y: AXIS_HEIGHT - 10 }).textContent =
      step < 1000 ? `${ms} ms` : `${ms / 1000} s`;
  }
}

/** From detection to the first barrier in one colour, from there to the lift in another. */
function drawGrace({ fromMs, barriersMs, liftMs, text }, height) {
  const end = liftMs ?? run.endMs;
  const barrier = barriersMs[0] ?? end;
  const until = liftMs === null ? 'not lifted in this run' : `lifted at ${seconds(liftMs)}`;
  const whole = `${text}; from ${seconds(fromMs)}, barrier ${barriersMs.map(seconds).join(', ') || 'not reached'}, ${until}`;
  const y = AXIS_HEIGHT;
  const band = (className, from, to) =>
    shape(
      'rect',
      { class: className, x: x(from), y, width: Math.max(1, (to - from) * scale), height: height - y },
      whole,
    );
  band('grace', fromMs, barrier);
  if (barriersMs.length > 0) band('reclaiming', barrier, end);
  for (const ms of barriersMs) line('barrier', ms, y, height, `barrier reached at ${seconds(ms)}`);
  if (liftMs !== null) line('lift', liftMs, y, height, `grace lifted at ${seconds(liftMs)}`);
}

function drawLane(lane, y) {
  const height = laneHeight(lane) - LANE_GAP;
  for (const fault of run.faults) {
    const own = fault.targets.includes(lane.name);
    const width = Math.max(1, (fault.toMs - fault.fromMs) * scale);
    if (own || lane.kind === 'node') {
      const className = own ? 'fault' : 'fault bystander';
      shape(
        'rect',
        { class: className, x: x(fault.fromMs), y, width, height },
        `${fault.text} at ${seconds(fault.fromMs)}`,
      );
    }
  }
  for (const bar of lane.bars) drawBar(bar, y);
  for (const mark of lane.marks) {
    const top = y + height - MARK_HEIGHT;
    line(`mark mark-${mark.kind}`, mark.ms, top, top + MARK_HEIGHT, `${seconds(mark.ms)}: ${mark.text}`);
  }
  const name = shape(
    'text',
    { class: 'lane-name', x: 6, y: y + ROW_HEIGHT - 3 },
    `${lane.kind} ${lane.name}`,
  );
  name.textContent = lane.name;
}

function drawBar(bar, laneY) {
  const y = laneY + bar.row * ROW_HEIGHT + 1;
  const height = ROW_HEIGHT - 3;
  const text = `${bar.text} (${seconds(bar.fromMs)} to ${seconds(bar.toMs)})`;
  const width = (bar.toMs - bar.fromMs) * scale;
  shape(
    'rect',
    { class: `bar-${bar.kind}`, x: x(bar.fromMs), y, width: Math.max(1, width), height, rx: 2 },
    text,
  );
  const proven = (bar.provenMs - bar.fromMs) * scale;
  if (bar.kind !== 'life' && proven > 0) {
    shape(
      'rect',
      { class: `bar-${bar.kind} proven`, x: x(bar.fromMs), y, width: proven, height, rx: 2 },
      text,
    );
  }
  if (width > bar.label.length * 6) {
    const label = shape('text', { x: x(bar.fromMs) + 4, y: y + height - 2 }, text);
    label.textContent = bar.label;
  }
}

// ---- moving about ----

function zoom(factor, aroundPx = timeline.clientWidth / 2) {
  const ms = (timeline.scrollLeft + aroundPx - NAME_WIDTH) / scale;
  scale = Math.min(200, Math.max(fitScale() / 2, scale * factor));
  draw();
  timeline.scrollLeft = x(ms) - aroundPx;
}

const fitScale = () => (timeline.clientWidth - NAME_WIDTH - 30) / Math.max(1, run.endMs);

function showAll() {
  scale = fitScale();
  draw();
  timeline.scrollLeft = 0;
}

function showMoment(ms) {
  cursorMs = ms;
  scale = Math.max(scale, 2);
  draw();
  timeline.scrollLeft = x(ms) - timeline.clientWidth / 2;
  timeline.scrollIntoView({ block: 'nearest' });
}

function listen() {
  document.getElementById('zoom-in').addEventListener('click', () => zoom(2));
  document.getElementById('zoom-out').addEventListener('click', () => zoom(0.5));
  document.getElementById('zoom-all').addEventListener('click', showAll);
  timeline.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - timeline.getBoundingClientRect().left);
    },
    { passive: false },
  );
  timeline.addEventListener('pointermove', (event) => {
    if (event.buttons === 1) timeline.scrollLeft -= event.movementX;
    explain(event);
  });
  timeline.addEventListener('pointerleave', () => {
    tip.hidden = true;
  });
}

function explain(event) {
  const text = event.target.dataset?.tip;
  tip.hidden = text === undefined;
  if (text === undefined) return;
  tip.textContent = text;
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const above = event.clientY + 18 + tip.offsetHeight > innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${above ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18}px`;
}

// ---- the words ----

function writeVerdict() {
  const { scenario, verdict, reasons, seed, runtime, server, filesystem } = run.verdict;
  const setting = [seed === null ? null : `seed ${seed}`, runtime, server, filesystem].filter(
    (part) => part !== null,
  );
  const headline = element('h1', {}, `${scenario}: `, element('span', { class: verdict }, verdict));
  document.getElementById('verdict').append(headline, element('div', { class: 'faint' }, setting.join(', ')));
  for (const reason of reasons) document.getElementById('verdict').append(element('p', {}, reason));
}

function writeChecks() {
  const rows = run.verdict.checks.map(({ name, verdict, judged, evidence }) =>
    element(
      'tr',
      {},
      element('td', {}, name),
      element('td', { class: verdict }, verdict),
      element('td', { class: 'number' }, String(judged)),
      element('td', {}, ...evidence.map(proof)),
    ),
  );
  const head = element(
    'tr',
    {},
    ...['check', 'verdict', 'judged', 'evidence'].map((name) => element('th', {}, name)),
  );
  document.getElementById('checks').append(element('h2', {}, 'Checks'), element('table', {}, head, ...rows));
}

function proof({ sentence, events }) {
  const items = events.map(({ t, text }) => {
    const moment = element('button', { type: 'button', class: 'moment' }, seconds(t / 1e6));
    moment.addEventListener('click', () => showMoment(t / 1e6));
    return element('li', {}, moment, `: ${text}`);
  });
  if (items.length === 0) return element('div', {}, sentence);
  return element('details', {}, element('summary', {}, sentence), element('ul', {}, ...items));
}

function writeNumbers() {
  const table = (numbers, unit) =>
    element(
      'table',
      {},
      ...Object.entries(numbers).map(([name, value]) =>
        element('tr', {}, element('td', {}, name), element('td', { class: 'number' }, `${value}${unit}`)),
      ),
    );
  const { coverage, timings } = run.verdict;
  document
    .getElementById('numbers')
    .append(
      element('h2', {}, 'Coverage'),
      table(coverage, ''),
      element('h2', {}, 'Timings'),
      table(timings, ' ms'),
    );
  document.getElementById('left-out').textContent = run.leftOut.join('; ');
}

writeVerdict();
writeChecks();
writeNumbers();
listen();
showAll();
