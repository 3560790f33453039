/**
 * The run as the page works with it, from the columns in which it travels (src/report/drawing.ts). All times are microseconds since
 * the run's origin, in typed arrays: a hundred thousand requests are looked at in every frame.
 */

const OUTCOME_OK = 0;
const OUTCOME_FAIL = 1;

/** What a request is drawn as. The order is that of piling up: what matters most lies at the bottom, what is rarest on top. */
export const KINDS = ['granted', 'refused', 'other', 'denied', 'unknown', 'reclaim-refused', 'reclaim'];
/** Of these, what is drawn below the line. */
export const REFUSALS = new Set(['refused', 'denied', 'reclaim-refused']);
const KIND = Object.fromEntries(KINDS.map((name, place) => [name, place]));

export function decodeRun(drawing) {
  return {
    ...drawing,
    requests: decodeRequests(drawing.requests, drawing.names),
    holds: decodeHolds(drawing.holds, drawing.names),
  };
}

function decodeRequests({ shapes, shape, asked, took, values }, names) {
  const named = (place) => (place === null ? null : names[place]);
  const decoded = shapes.map(
    ([client, owner, node, server, op, file, mode, reclaim, start, end, outcome, status]) => {
      const request = {
        client: named(client),
        owner: named(owner),
        node: named(node),
        server: named(server),
        op: named(op),
        file: named(file),
        mode: mode === null ? null : mode === 1 ? 'write' : 'read',
        reclaim: reclaim === 1,
        start,
        end,
        outcome: ['ok', 'fail', 'info', 'pending'][outcome],
        status: named(status),
      };
      return { ...request, kind: kindOf(request, outcome) };
    },
  );
  const count = shape.length;
  const times = new Float64Array(count);
  const answers = new Float64Array(count);
  const kinds = new Uint8Array(count);
  let at = 0;
  for (let k = 0; k < count; k += 1) {
    at += asked[k];
    times[k] = at;
    answers[k] = took[k] < 0 ? -1 : at + took[k];
    kinds[k] = decoded[shape[k]].kind;
  }
  return {
    count,
    shapes: decoded,
    shape: Uint32Array.from(shape),
    asked: times,
    answered: answers,
    kinds,
    values: new Map(values),
  };
}

/** Locks and opens are what grace is about; all the rest is `other`. */
function kindOf({ op, reclaim, status }, outcome) {
  if (outcome !== OUTCOME_OK && outcome !== OUTCOME_FAIL) return KIND.unknown;
  if (op !== 'lock' && op !== 'open') return KIND.other;
  if (reclaim) return outcome === OUTCOME_OK ? KIND.reclaim : KIND['reclaim-refused'];
  if (outcome === OUTCOME_OK) return KIND.granted;
  return status === 'GRACE' ? KIND.refused : KIND.denied;
}

function decodeHolds({ shapes, shape, from, proven, believed }, names) {
  const decoded = shapes.map(([client, owner, file, node, mode, start, end, reclaimed, ending]) => ({
    client: names[client],
    owner: names[owner],
    file: names[file],
    node: names[node],
    mode: mode === 1 ? 'write' : 'read',
    start,
    end,
    reclaimed: reclaimed === 1,
    ending: names[ending],
  }));
  let at = 0;
  return shape.map((which, k) => {
    at += from[k];
    return { ...decoded[which], from: at, proven: at + proven[k], until: at + believed[k] };
  });
}

/** The requests, by number, that a filter lets through. `client` and `file` are names; empty: all. */
export function requestsWithin({ count, shapes, shape }, { client, file }) {
  const wanted = shapes.map(
    (each) => (client === '' || each.client === client) && (file === '' || each.file === file),
  );
  const chosen = new Uint32Array(count);
  let length = 0;
  for (let k = 0; k < count; k += 1) {
    if (wanted[shape[k]]) {
      chosen[length] = k;
      length += 1;
    }
  }
  return chosen.subarray(0, length);
}

/** Of these requests, those of each client or each node: `Map(name, numbers)`. */
export function groupedBy({ shapes, shape }, chosen, name) {
  const groups = new Map();
  for (const k of chosen) {
    const key = shapes[shape[k]][name];
    let group = groups.get(key);
    if (group === undefined) {
      group = [];
      groups.set(key, group);
    }
    group.push(k);
  }
  return groups;
}

/** The first place in `chosen` whose request was asked at `t` or later. */
export function firstFrom({ asked }, chosen, t) {
  let low = 0;
  let high = chosen.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (asked[chosen[middle]] >= t) high = middle;
    else low = middle + 1;
  }
  return low;
}
