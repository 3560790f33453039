/** The events in view as a list: for few events the easiest to read, and all that somebody has who sees no drawing. */
import { firstFrom } from './decode.js';
import { element } from './panels.js';
import { countWords, faultWords, requestTimes, requestWords, secondsWords } from './words.js';

const MOST_LISTED = 200;

/** What is not a request, in the order of time: `{ at, who, text }`. */
export function happenings(run) {
  const all = [];
  const add = (who, marks) => {
    for (const [at, text] of marks) all.push({ at, who, text: run.texts[text] });
  };
  for (const [at, text] of run.steps) all.push({ at, who: 'scenario', text });
  for (const node of run.nodes)
    for (const marks of [node.news, node.swaps, node.records, node.takeovers]) add(node.name, marks);
  for (const client of run.clients) for (const marks of [client.news, client.told]) add(client.name, marks);
  for (const fault of run.faults)
    all.push({ at: fault.from, who: fault.targets.join(', '), text: faultWords(fault) });
  return all.sort((a, b) => a.at - b.at);
}

function happeningsWithin(state) {
  const { client } = state.filter;
  const others = new Set(
    state.run.clients.map(({ name }) => name).filter((name) => client !== '' && name !== client),
  );
  return state.happenings.filter(
    ({ at, who }) => at >= state.span.from && at <= state.span.to && !others.has(who),
  );
}

export function writeEvents(state, host, count, show) {
  const { requests } = state.run;
  const { chosen } = state.layout;
  const from = firstFrom(requests, chosen, state.span.from);
  const to = firstFrom(requests, chosen, state.span.to);
  const others = happeningsWithin(state);
  const all = to - from + others.length;
  const rows = [
    ...Array.from({ length: Math.min(to - from, MOST_LISTED) }, (_, k) =>
      requestRow(requests, chosen[from + k]),
    ),
    ...others.slice(0, MOST_LISTED),
  ]
    .sort((a, b) => a.at - b.at)
    .slice(0, MOST_LISTED);
  count.textContent =
    all > MOST_LISTED
      ? `the first ${MOST_LISTED} of ${all.toLocaleString('en')}; zoom in to see the others`
      : countWords(all, 'event');
  host.replaceChildren(element('table', {}, element('tbody', {}, ...rows.map((row) => eventRow(row, show)))));
}

const requestRow = (requests, k) => ({
  at: requests.asked[k],
  who: requests.shapes[requests.shape[k]].client,
  text: requestWords(requests, k),
  about: requestTimes(requests, k),
});

const eventRow = ({ at, who, text, about }, show) =>
  element(
    'tr',
    {},
    element(
      'td',
      { class: 'number' },
      element('button', { type: 'button', class: 'moment', onclick: () => show(at) }, secondsWords(at)),
    ),
    element('td', {}, who),
    element('td', about === undefined ? {} : { title: about }, text),
  );

/** The next event after `at`, or the one before it: `{ at, text }`; null: there is none. */
export function neighbour(state, at, direction) {
  const { requests } = state.run;
  const { chosen } = state.layout;
  const after = firstFrom(requests, chosen, direction > 0 ? at + 1 : at);
  const k = chosen[direction > 0 ? after : after - 1];
  const request = k === undefined ? null : { ...requestRow(requests, k) };
  const others = state.happenings;
  const other = direction > 0 ? others.find((each) => each.at > at) : others.findLast((each) => each.at < at);
  if (request === null || other === undefined) return request ?? other ?? null;
  return (other.at - request.at) * direction < 0 ? other : request;
}
