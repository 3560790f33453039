/** What a person does with pointer, wheel, keys and buttons. */
import { neighbour } from './events.js';
import { GUTTER } from './layout.js';
import { moved, spanWithin, wholeRun, zoomed } from './span.js';
import { secondsWords } from './words.js';

const BUTTON_FACTOR = 2;
const WHEEL_FACTOR = 1.25;
const KEY_SHARE = 0.15;

export function listen(state, surfaces, actions) {
  const byId = (id) => document.getElementById(id);
  const timeline = byId('timeline');
  // Keys are for the timeline only while it has the focus.
  timeline.tabIndex = 0;
  const end = state.run.end;
  const momentAt = (clientX, span = state.span) => {
    const inner = timeline.clientWidth - GUTTER - 12;
    const share = (clientX - timeline.getBoundingClientRect().left - GUTTER) / inner;
    return span.from + Math.min(1, Math.max(0, share)) * (span.to - span.from);
  };
  const zoom = (factor, around = state.cursor ?? (state.span.from + state.span.to) / 2) => {
    const inView = around >= state.span.from && around <= state.span.to;
    actions.show(zoomed(state.span, end, factor, inView ? around : (state.span.from + state.span.to) / 2));
  };
  const whole = () => {
    state.cursor = null;
    state.pin = null;
    actions.show(wholeRun(end));
  };
  const stepProof = (by) => {
    const { proof, pin } = state;
    if (proof === null) return;
    const next =
      pin === null
        ? by > 0
          ? 0
          : proof.pins.length - 1
        : (pin + by + proof.pins.length) % proof.pins.length;
    actions.showProof(proof, next);
  };
  const stepEvent = (direction) => {
    const next = neighbour(state, state.cursor ?? state.span.from, direction);
    if (next === null) return;
    actions.goTo(next.at);
    byId('spoken').textContent = `${secondsWords(next.at)}, ${next.who}: ${next.text}`;
    byId('window').title = next.text;
  };

  byId('zoom-in').addEventListener('click', () => zoom(BUTTON_FACTOR));
  byId('zoom-out').addEventListener('click', () => zoom(1 / BUTTON_FACTOR));
  byId('zoom-all').addEventListener('click', whole);
  byId('proof-tools').hidden = state.proofs.length === 0;
  byId('proof-before').addEventListener('click', () => stepProof(-1));
  byId('proof-next').addEventListener('click', () => stepProof(1));
  byId('filter-client').addEventListener('change', (event) => actions.choose({ client: event.target.value }));
  byId('filter-file').addEventListener('change', (event) => actions.choose({ file: event.target.value }));
  addEventListener('resize', actions.redraw);
  timeline.addEventListener('scroll', actions.redraw);
  timeline.addEventListener('keydown', (event) => {
    const key = KEYS[event.shiftKey && event.key.startsWith('Arrow') ? `Shift${event.key}` : event.key];
    if (key === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    key({ zoom, whole, stepProof, stepEvent, move: (share) => actions.show(moved(state.span, end, share)) });
  });
  listenToWheel(timeline, zoom, momentAt, (share) => actions.show(moved(state.span, end, share)));
  listenToDrag(state, surfaces, actions, momentAt);
  listenToTheme(state, actions);
}

const KEYS = {
  ArrowLeft: ({ move }) => move(-KEY_SHARE),
  ArrowRight: ({ move }) => move(KEY_SHARE),
  PageUp: ({ move }) => move(-1),
  PageDown: ({ move }) => move(1),
  ShiftArrowLeft: ({ stepEvent }) => stepEvent(-1),
  ShiftArrowRight: ({ stepEvent }) => stepEvent(1),
  '+': ({ zoom }) => zoom(BUTTON_FACTOR),
  '=': ({ zoom }) => zoom(BUTTON_FACTOR),
  '-': ({ zoom }) => zoom(1 / BUTTON_FACTOR),
  0: ({ whole }) => whole(),
  Home: ({ whole }) => whole(),
  n: ({ stepProof }) => stepProof(1),
  p: ({ stepProof }) => stepProof(-1),
};

/** The wheel alone scrolls the page, as everywhere. */
function listenToWheel(timeline, zoom, momentAt, move) {
  timeline.addEventListener(
    'wheel',
    (event) => {
      const sideways =
        Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0;
      if (!event.ctrlKey && !event.metaKey && sideways === 0) return;
      event.preventDefault();
      if (sideways !== 0) move(sideways / timeline.clientWidth);
      else zoom(event.deltaY < 0 ? WHEEL_FACTOR : 1 / WHEEL_FACTOR, momentAt(event.clientX));
    },
    { passive: false },
  );
}

function listenToDrag(state, surfaces, actions, momentAt) {
  const end = state.run.end;
  const { canvas } = surfaces.lanes;
  for (const surface of Object.values(surfaces)) {
    surface.canvas.addEventListener('pointermove', (event) => explain(surface, event));
    surface.canvas.addEventListener('pointerleave', () => explain(null));
  }
  dragged(canvas, {
    begin: (event) => ({ x: event.clientX, span: state.span }),
    go: (event, { x, span }) => {
      const by = momentAt(x, span) - momentAt(event.clientX, span);
      actions.show(spanWithin(end, span.from + by, span.to + by));
    },
    tap: (event) => {
      state.cursor = momentAt(event.clientX);
      actions.redraw();
    },
  });
  const whole = wholeRun(end);
  dragged(surfaces.overview.canvas, {
    begin: (event) => momentAt(event.clientX, whole),
    go: (event, from) => {
      const to = momentAt(event.clientX, whole);
      actions.show(spanWithin(end, Math.min(from, to), Math.max(from, to)));
    },
    tap: (event) => {
      const at = momentAt(event.clientX, whole);
      const half = (state.span.to - state.span.from) / 2;
      actions.show(spanWithin(end, at - half, at + half));
    },
  });
  surfaces.overview.canvas.addEventListener('dblclick', () => actions.show(whole));
}

/** @param tap called for a press that did not move */
function dragged(canvas, { begin, go, tap }) {
  let start = null;
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    start = { what: begin(event), x: event.clientX, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (start === null) return;
    start.moved ||= Math.abs(event.clientX - start.x) > 3;
    if (start.moved) go(event, start.what);
  });
  const finish = (event) => {
    if (start !== null && !start.moved && event.type === 'pointerup') tap(event);
    start = null;
  };
  canvas.addEventListener('pointerup', finish);
  canvas.addEventListener('pointercancel', finish);
}

function explain(surface, event) {
  const tip = document.getElementById('tip');
  let text = null;
  if (surface !== null && event.buttons === 0) {
    const box = surface.canvas.getBoundingClientRect();
    text = surface.hits.at(event.clientX - box.left, event.clientY - box.top);
  }
  tip.hidden = text === null;
  if (text === null) return;
  tip.textContent = text;
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const above = event.clientY + 18 + tip.offsetHeight > innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${above ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18}px`;
}

/** A screen that turns dark while the page is open takes the drawing along. */
function listenToTheme(state, actions) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    state.theme = actions.theme();
    actions.redraw();
  });
}
