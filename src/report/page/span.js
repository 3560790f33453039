/** The stretch of time in view: pure. Times in microseconds, widths in pixels. */

/** Nearer than this nothing is to be seen that is not there already. */
const SHORTEST = 20;
/** A little air before the first and after the last event. */
const MARGIN = 0.012;

export function wholeRun(end) {
  const margin = Math.max(SHORTEST, end * MARGIN);
  return { from: -margin, to: end + margin };
}

/** As near as can be to [from, to), within the run and no shorter than can be told apart. */
export function spanWithin(end, from, to) {
  const whole = wholeRun(end);
  const most = whole.to - whole.from;
  const length = Math.min(most, Math.max(SHORTEST, to - from));
  const middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - length / 2, whole.from), whole.to - length);
  return { from: start, to: start + length };
}

/** @param around the moment that stays where it is; @param factor above 1 shows less */
export function zoomed(span, end, factor, around) {
  const length = (span.to - span.from) / factor;
  const share = (around - span.from) / (span.to - span.from);
  return spanWithin(end, around - share * length, around + (1 - share) * length);
}

/** @param share of what is in view; above 0 goes on in time */
export function moved(span, end, share) {
  const by = (span.to - span.from) * share;
  return spanWithin(end, span.from + by, span.to + by);
}

const STEPS = [1, 2, 5];

/** Round moments for the axis, `apart` pixels or more from each other. */
export function ticksOf({ from, to }, width, apart) {
  const least = ((to - from) * apart) / Math.max(1, width);
  let decade = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  let step = decade;
  for (let k = 0; step < least; k += 1) {
    if (k === STEPS.length) {
      k = 0;
      decade *= 10;
    }
    step = STEPS[k] * decade;
  }
  const ticks = [];
  for (let at = Math.max(0, Math.ceil(from / step) * step); at <= to; at += step) ticks.push(at);
  return { step, ticks };
}
