/** Which lanes there are under a filter, what is in them, and how high they are. Pixels; time plays no part here. */
import { groupedBy, requestsWithin } from './decode.js';

/** Width of the names on the left. */
export const GUTTER = 150;
export const AXIS = 26;
export const ROW = 16;
/** Of requests: what was granted is drawn above the middle, what was refused below. */
export const STRIP = 30;
export const MARKS = 11;
const PADDING = 7;
const HEADING = 22;
const MOST_ROWS = 6;
const MOST_FILES = 12;
const FILE_HEIGHT = 104;

export function layoutOf(run, filter) {
  const chosen = requestsWithin(run.requests, filter);
  const byServer = groupedBy(run.requests, chosen, 'server');
  const byClient = groupedBy(run.requests, chosen, 'client');
  const holds = run.holds.filter(
    ({ client, file }) =>
      (filter.client === '' || client === filter.client) && (filter.file === '' || file === filter.file),
  );
  const clients = run.clients.filter(
    ({ name }) =>
      (filter.client === '' || name === filter.client) && (filter.file === '' || byClient.has(name)),
  );
  const lanes = [
    ...(run.steps.length > 0 ? [stepsLane(run)] : []),
    ...run.domains.map(domainLane),
    heading('nodes'),
    ...run.nodes.map((node) => nodeLane(node, byServer.get(node.name) ?? [])),
    ...(clients.length > 0 ? [heading('clients')] : []),
    ...clients.map((client) => clientLane(client, byClient.get(client.name) ?? [], holds)),
    ...fileLanes(holds),
  ];
  let top = AXIS;
  for (const lane of lanes) {
    lane.top = top;
    top += lane.height;
  }
  return { lanes, height: top + 4, chosen, holds };
}

const heading = (text) => ({ type: 'heading', name: text, key: `heading ${text}`, height: HEADING });

const stepsLane = (run) => ({
  type: 'steps',
  name: 'scenario',
  key: 'steps',
  steps: run.steps,
  height: ROW + PADDING,
});

const domainLane = ({ name, graces }) => ({
  type: 'domain',
  name: name === null ? 'grace' : `grace of ${name}`,
  key: `domain ${name ?? ''}`,
  graces,
  height: ROW + PADDING,
});

function nodeLane(node, requests) {
  const extra = [node.outages, node.fencing].filter((stretches) => stretches.length > 0);
  return {
    type: 'node',
    name: node.name,
    key: `node ${node.name}`,
    node,
    requests,
    extraRows: extra.length,
    stripTop: ROW * (1 + extra.length) + 3,
    marksTop: ROW * (1 + extra.length) + STRIP + 5,
    height: ROW * (1 + extra.length) + STRIP + MARKS + PADDING + 6,
  };
}

function clientLane(client, requests, holds) {
  const own = holds.filter(({ client: of }) => of === client.name);
  const rows = packed(own);
  const top = Math.max(1, rows.count) * ROW;
  return {
    type: 'client',
    name: client.name,
    key: `client ${client.name}`,
    client,
    requests,
    holds: own,
    rowOf: rows.rowOf,
    stripTop: top + 3,
    marksTop: top + STRIP + 5,
    height: top + STRIP + MARKS + PADDING + 6,
  };
}

/** Each hold goes into the first row that is free; what finds none goes into the last, over others. */
function packed(holds) {
  const ends = [];
  const rowOf = holds.map(({ from, until }) => {
    let row = ends.findIndex((end) => end <= from);
    if (row === -1) row = Math.min(ends.length, MOST_ROWS - 1);
    ends[row] = Math.max(ends[row] ?? 0, until);
    return row;
  });
  return { rowOf, count: ends.length };
}

/** Of each file a lane in which height is place: whoever holds the same bytes at one time is seen one over the other. */
function fileLanes(holds) {
  const byFile = Map.groupBy(holds, ({ file }) => file);
  const files = [...byFile].sort(([, a], [, b]) => b.length - a.length).slice(0, MOST_FILES);
  if (files.length === 0) return [];
  const most = files.length < byFile.size ? ` (the ${files.length} most locked of ${byFile.size})` : '';
  return [heading(`files: who held which bytes${most}`), ...files.map(([name, own]) => fileLane(name, own))];
}

function fileLane(name, holds) {
  const bounds = [
    ...new Set(holds.flatMap(({ start, end }) => [start, end ?? Number.POSITIVE_INFINITY])),
  ].sort((a, b) => a - b);
  const pieces = Math.max(1, bounds.length - 1);
  const piece = Math.min(ROW + 2, FILE_HEIGHT / pieces);
  const place = new Map(bounds.map((bound, at) => [bound, at * piece]));
  const endOf = ({ end }) => place.get(end ?? Number.POSITIVE_INFINITY);
  return {
    type: 'file',
    name,
    key: `file ${name}`,
    holds,
    bounds,
    piece,
    topOf: (hold) => place.get(hold.start),
    heightOf: (hold) => endOf(hold) - place.get(hold.start),
    height: Math.max(ROW * 2, pieces * piece) + PADDING + 4,
  };
}
