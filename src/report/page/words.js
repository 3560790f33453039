/** What the page says in words. */

export const secondsWords = (us) => `${(us / 1e6).toFixed(us % 1000 === 0 ? 3 : 6)} s`;

/** `3.2 ms`, for how long something took. */
export function lengthWords(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${(us / 1e3).toPrecision(3)} ms`;
  return `${(us / 1e6).toFixed(2)} s`;
}

/** For an axis whose ticks are `step` apart. */
export function tickWords(us, step) {
  if (step < 1000) return `${(us / 1e3).toFixed(step < 10 ? 3 : step < 100 ? 2 : 1)} ms`;
  if (step < 1e6) return `${(us / 1e6).toFixed(step < 1e4 ? 3 : step < 1e5 ? 2 : 1)} s`;
  return `${us / 1e6} s`;
}

export const rangeWords = ({ start, end }) => `[${start}, ${end ?? 'end'})`;

export const ownerWords = ({ client, owner }) =>
  owner === '' || owner === client ? client : `${client}/${owner}`;

export const countWords = (count, one, many = `${one}s`) =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

const RANGED = new Set(['lock', 'unlock', 'lock-test', 'read', 'write']);

/** `alice asks n1 for a lock: write [0, 32) of accounts: granted`. */
export function requestWords(requests, k) {
  const request = requests.shapes[requests.shape[k]];
  const { op, reclaim, mode, file, node, server, outcome, status } = request;
  const what = [
    reclaim ? `reclaim ${op}` : op,
    mode,
    RANGED.has(op) ? rangeWords(request) : null,
    `of ${file}`,
    requests.values.has(k) ? `“${requests.values.get(k)}”` : null,
  ].filter((part) => part !== null);
  const where = server === node ? `at ${node}` : `at ${node}, whose address leads to ${server}`;
  return `${ownerWords(request)} ${where}: ${what.join(' ')}: ${OUTCOME_WORDS[outcome](status)}`;
}

const OUTCOME_WORDS = {
  ok: () => 'ok',
  fail: (status) => `refused, ${status ?? 'without a status'}`,
  info: (status) => `nobody knows (${status ?? 'no answer'})`,
  pending: () => 'no answer in this run',
};

export function requestTimes({ asked, answered }, k) {
  if (answered[k] < 0) return `asked at ${secondsWords(asked[k])}`;
  return `asked at ${secondsWords(asked[k])}, answered ${lengthWords(answered[k] - asked[k])} later`;
}

const ENDINGS = {
  unlocked: 'until it unlocked',
  replaced: 'until another lock of the same owner took its place',
  reclaimed: 'until it reclaimed it',
  told: 'until it was told of the loss',
  'client-gone': 'until its client was gone',
  'run-end': 'until the run ended',
};

export function holdWords(hold) {
  const how = hold.reclaimed ? 'reclaimed' : 'granted';
  return `${ownerWords(hold)} had a ${hold.mode} lock on ${rangeWords(hold)} of ${hold.file} at ${hold.node}, ${how} at ${secondsWords(hold.from)}. Certainly held for ${lengthWords(hold.proven - hold.from)}; believed in for ${lengthWords(hold.until - hold.from)}, ${ENDINGS[hold.ending] ?? hold.ending}.`;
}

export function faultWords({ fault, targets, from, to, open, detail }) {
  const end = open ? 'never mended' : `mended after ${lengthWords(to - from)}`;
  return `${fault} of ${targets.join(', ')} at ${secondsWords(from)}, ${end}${detail === undefined ? '' : ` (${detail})`}`;
}

export function graceWords({ from, barriers, lift, recoveryEpoch }) {
  const barrier =
    barriers.length === 0
      ? 'no barrier was reached'
      : `barrier after ${lengthWords(barriers[0] - from)}${barriers.length > 1 ? ` (${barriers.length} of them, one for each view)` : ''}`;
  const end = lift === null ? 'not lifted in this run' : `lifted after ${lengthWords(lift - from)}`;
  return `grace from ${secondsWords(from)}: clients on record in epoch ${recoveryEpoch} may reclaim; ${barrier}, ${end}`;
}

const PHASES = {
  'no-grace': 'no grace: grants new state',
  enforcing: 'in grace: refuses new state, barrier not seen',
  reclaiming: 'in grace: past the barrier, grants reclaims',
};

export const phaseWords = (phase) => PHASES[phase] ?? 'nothing said';
