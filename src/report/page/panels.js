/** The words around the drawing: verdict, what went wrong, checks, numbers. Names come from users, so all of it is set as text, never as markup. */
import { countWords, phaseWords, secondsWords } from './words.js';

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const table = (head, rows) =>
  element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...head.map((name) => element('th', { scope: 'col' }, name)))),
    element('tbody', {}, ...rows),
  );

export function writeHead(run, host) {
  const judged = run.checks.reduce((sum, check) => sum + check.judged, 0);
  const counts = ['valid', 'violation', 'unknown']
    .map((verdict) => [verdict, run.checks.filter((check) => check.verdict === verdict).length])
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`);
  host.append(
    element(
      'h1',
      {},
      element('span', { class: 'name' }, run.scenario),
      element('span', { class: `badge ${run.verdict}`, id: 'verdict' }, run.verdict),
    ),
    element(
      'p',
      { class: 'faint' },
      [
        ...run.setting,
        countWords(run.nodes.length, 'node'),
        countWords(run.clients.length, 'client'),
        countWords(run.requests.count, 'request'),
        `${(run.end / 1e6).toFixed(1)} s`,
      ].join(' · '),
    ),
    element('p', { class: 'faint' }, `checks: ${counts.join(', ')}; ${countWords(judged, 'thing')} judged`),
  );
  if (run.verdict === 'unknown')
    host.append(
      element('ul', { class: 'reasons' }, ...run.reasons.map((reason) => element('li', {}, reason))),
    );
}

/** Proofs of violations, in the order of the checks. */
export const proofsOf = (run) =>
  run.checks.flatMap((check) =>
    check.verdict === 'violation'
      ? check.proofs.filter(({ pins }) => pins.length > 0).map((proof) => ({ check: check.name, ...proof }))
      : [],
  );

/** @param show called with a proof, and with the number of a pin or null for all of them */
export function writeStory(proofs, at, host, show) {
  host.hidden = proofs.length === 0;
  if (proofs.length === 0) return;
  const proof = proofs[at];
  const turn = (by) => () => show((at + by + proofs.length) % proofs.length, null);
  host.replaceChildren(
    element(
      'h2',
      {},
      'What went wrong ',
      element('span', { class: 'badge violation small' }, proof.check),
      proofs.length === 1
        ? null
        : element(
            'span',
            { class: 'turn' },
            element('button', { type: 'button', onclick: turn(-1), 'aria-label': 'violation before' }, '‹'),
            `${at + 1} of ${proofs.length}`,
            element('button', { type: 'button', onclick: turn(1), 'aria-label': 'next violation' }, '›'),
          ),
    ),
    element('p', { class: 'sentence' }, proof.sentence),
    element(
      'div',
      { class: 'columns' },
      element(
        'div',
        {},
        element(
          'h3',
          {},
          'Evidence ',
          element(
            'button',
            { type: 'button', id: 'show-proof', class: 'primary', onclick: () => show(at, null) },
            'show on the timeline',
          ),
        ),
        pinList(proof, (pin) => show(at, pin)),
      ),
      proof.moment === undefined ? null : momentTable(proof.moment),
    ),
  );
}

function pinList({ pins }, show) {
  return element(
    'ol',
    { class: 'pins' },
    ...pins.map((pin, k) =>
      element(
        'li',
        {},
        element('button', { type: 'button', class: 'moment', onclick: () => show(k) }, secondsWords(pin.at)),
        ` ${pin.text}`,
      ),
    ),
  );
}

/** Who knew what at the moment that the violation turns on. */
function momentTable({ t, ledger, nodes }) {
  const known =
    ledger === null
      ? 'The history has no ledger.'
      : `Ledger: view ${ledger.view}, ${ledger.recoveryEpoch === null ? 'no grace' : `grace for epoch ${ledger.recoveryEpoch}`}.`;
  return element(
    'div',
    {},
    element('h3', {}, `What each node knew at ${secondsWords(Math.round(t / 1e3))}`),
    element('p', { class: 'faint' }, known),
    table(
      ['node', 'incarnation', 'view', 'grace'],
      nodes.map((node) =>
        element(
          'tr',
          { class: node.down === null ? '' : 'gone' },
          element('td', {}, node.node),
          element('td', { class: 'number' }, String(node.incarnation ?? '?')),
          element('td', { class: 'number' }, String(node.view ?? '?')),
          element(
            'td',
            {},
            [
              node.down === null
                ? phaseWords(node.phase)
                : `down since ${secondsWords(Math.round(node.down.since / 1e3))} (${node.down.why})`,
              ...node.notes,
            ].join('; '),
          ),
        ),
      ),
    ),
  );
}

/** @param show called with the check's name and the number of its proof */
export function writeChecks(run, host, show) {
  const rows = run.checks.map((check) =>
    element(
      'tr',
      {},
      element('td', {}, check.name),
      element('td', {}, element('span', { class: `badge small ${check.verdict}` }, check.verdict)),
      element('td', { class: 'number' }, check.judged.toLocaleString('en')),
      element('td', {}, ...proofCells(check.proofs, show)),
    ),
  );
  host.append(element('h2', {}, 'Checks'), table(['check', 'verdict', 'judged', 'evidence'], rows));
}

/** A broken run breaks often; the first proof is the one to read. */
function proofCells([first, ...others], show) {
  if (first === undefined) return [];
  const rest = others.map((proof) => proofDetails(proof, show));
  const more = element(
    'details',
    {},
    element('summary', { class: 'faint' }, `${others.length} more`),
    ...rest,
  );
  return [proofDetails(first, show), ...(others.length === 0 ? [] : [more])];
}

function proofDetails(proof, show) {
  if (proof.pins.length === 0) return element('div', { class: 'sentence' }, proof.sentence);
  return element(
    'details',
    {},
    element('summary', {}, proof.sentence),
    pinList(proof, (pin) => show(proof, pin)),
  );
}

const WORDS_OF_NAME = (name) =>
  name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

export function writeNumbers(run, host) {
  const list = (title, numbers, unit) =>
    element(
      'div',
      {},
      element('h2', {}, title),
      element(
        'dl',
        {},
        ...numbers.flatMap(([name, value]) => [
          element('dt', {}, WORDS_OF_NAME(name)),
          element('dd', {}, `${Math.round(value).toLocaleString('en')}${unit}`),
        ]),
      ),
    );
  const reached = Object.entries(run.coverage).filter(([, count]) => count > 0);
  host.append(
    element(
      'div',
      { class: 'columns' },
      list('Timings', Object.entries(run.timings), ' ms'),
      list('What the run reached', reached, ''),
    ),
  );
}

const LEGEND = [
  ['grace', 'grace, before the barrier'],
  ['barrier', 'barrier to lift: reclaims'],
  ['fault', 'fault'],
  ['outage', 'no store'],
  ['lock', 'lock, certainly held'],
  ['belief', 'lock, believed in'],
  ['reclaimed', 'lock, reclaimed'],
  ['granted', 'granted'],
  ['refused', 'refused in grace'],
  ['denied', 'refused otherwise'],
  ['reclaim', 'reclaim, barrier, takeover'],
  ['unknown', 'recovering, outcome unknown'],
  ['swap', 'ledger swap'],
  ['record', 'client record'],
];

export function writeLegend(host) {
  host.append(
    ...LEGEND.map(([key, text]) =>
      element('span', { class: 'key' }, element('span', { class: `swatch ${key}` }), text),
    ),
  );
}
