import type { HistoryEvent } from './events.ts';

/** What a field may hold; the text is how a person reads it in an error. */
interface FieldRule {
  readonly expected: string;
  accepts(value: unknown): boolean;
}

const text: FieldRule = { expected: 'a text', accepts: (v) => typeof v === 'string' };
const name: FieldRule = {
  expected: 'a text that is not empty',
  accepts: (v) => typeof v === 'string' && v !== '',
};
const flag: FieldRule = { expected: 'true or false', accepts: (v) => typeof v === 'boolean' };
const instant: FieldRule = {
  expected: 'a number of nanoseconds, 0 or more',
  accepts: (v) => typeof v === 'number' && Number.isFinite(v) && v >= 0,
};
const count: FieldRule = {
  expected: 'a whole number, 0 or more',
  accepts: (v) => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0,
};
const names: FieldRule = {
  expected: 'a list of names',
  accepts: (v) => Array.isArray(v) && v.every((each) => name.accepts(each)),
};
const span: FieldRule = {
  expected: '{start, end} with 0 <= start < end, end null for "to the end of the file"',
  accepts: (v) =>
    isRecord(v) &&
    count.accepts(v.start) &&
    (v.end === null || (count.accepts(v.end) && Number(v.end) > Number(v.start))),
};
const ledger: FieldRule = {
  expected: 'a ledger: {view, epoch, recoveryEpoch, beaconProvesDeath, members}',
  accepts: (v) =>
    isRecord(v) &&
    count.accepts(v.view) &&
    count.accepts(v.epoch) &&
    (v.recoveryEpoch === null || count.accepts(v.recoveryEpoch)) &&
    isRecord(v.members) &&
    Object.values(v.members).every(isMember),
};
const cluster: FieldRule = {
  expected: '{nodes, leaseMs, graceMs} with positive times, and {name, nodes} for each of its domains',
  accepts: (v) =>
    isRecord(v) &&
    names.accepts(v.nodes) &&
    Number(v.leaseMs) > 0 &&
    Number(v.graceMs) > 0 &&
    (v.domains === undefined || (Array.isArray(v.domains) && areDomains(v.domains))) &&
    (v.fenceAfterMs === undefined || v.fenceAfterMs === null || Number(v.fenceAfterMs) > 0),
};

function oneOf(...allowed: readonly string[]): FieldRule {
  const set = new Set<unknown>(allowed);
  return { expected: `one of ${allowed.join(', ')}`, accepts: (v) => set.has(v) };
}

interface KindRules {
  readonly required: Readonly<Record<string, FieldRule>>;
  readonly optional: Readonly<Record<string, FieldRule>>;
}

const mode = oneOf('read', 'write');

/** One entry per kind of event; the types of events.ts, for input that nobody has type-checked. */
const KINDS: Readonly<Record<HistoryEvent['kind'], KindRules>> = {
  op: {
    required: {
      phase: oneOf('invoke', 'ok', 'fail', 'info'),
      id: count,
      client: name,
      owner: text,
      node: name,
      op: oneOf('open', 'close', 'lock', 'unlock', 'lock-test', 'read', 'write', 'remove'),
      file: name,
    },
    optional: {
      domain: name,
      span,
      mode,
      reclaim: flag,
      status: text,
      value: text,
      basedOn: text,
      local: flag,
    },
  },
  client: {
    required: {
      client: name,
      node: name,
      event: oneOf(
        'started',
        'session',
        'disconnected',
        'renewed',
        'recovery-begin',
        'completing',
        'reclaim-complete',
        'recovery-end',
        'lock-lost',
        'stopped',
      ),
    },
    optional: { owner: text, file: name, span, mode, status: text, sentAt: instant, local: flag },
  },
  // Node events are colour: a name that this version does not know must not make a run unreadable.
  node: {
    required: { node: name, incarnation: count, event: name },
    optional: {
      view: count,
      epoch: count,
      peer: name,
      domain: name,
      client: name,
      owner: text,
      op: name,
      file: name,
      span,
      mode,
      reclaim: flag,
      status: text,
      count,
      detail: text,
    },
  },
  ledger: {
    required: { sentAt: instant, node: name, incarnation: count, command: name, ledger },
    optional: { revision: count, domain: name },
  },
  fault: {
    required: { phase: oneOf('begin', 'end'), fault: name, targets: names },
    optional: { endsLife: flag, domain: name, detail: text },
  },
  audit: {
    required: { event: oneOf('lock', 'content'), file: name },
    optional: {
      sentAt: instant,
      domain: name,
      span,
      mode,
      client: name,
      owner: text,
      held: flag,
      value: text,
    },
  },
  run: {
    required: { event: oneOf('start', 'step', 'end') },
    optional: { text, cluster },
  },
};

/** The same in the order in which they are looked at: there may be millions of events. */
const FIELDS = new Map<unknown, readonly { field: string; rule: FieldRule; isRequired: boolean }[]>(
  Object.entries(KINDS).map(([kind, { required, optional }]) => [
    kind,
    [required, optional].flatMap((fields) =>
      Object.entries(fields).map(([field, rule]) => ({ field, rule, isRequired: fields === required })),
    ),
  ]),
);

/**
 * @returns null where `candidate` is an event of this format, otherwise what is wrong with it in half a
 * sentence. Fields that the format does not know are let through: an older reader must cope with a newer writer.
 */
export function complaintAbout(candidate: unknown): string | null {
  if (!isRecord(candidate)) return 'an event must be a JSON object';
  const fields = FIELDS.get(candidate.kind);
  if (fields === undefined)
    return `kind must be one of ${Object.keys(KINDS).join(', ')}, not ${shown(candidate.kind)}`;
  if (!instant.accepts(candidate.t)) return `t must be ${instant.expected}, not ${shown(candidate.t)}`;
  for (const { field, rule, isRequired } of fields) {
    const value = candidate[field];
    if ((isRequired || value !== undefined) && !rule.accepts(value))
      return `${field} must be ${rule.expected}, not ${shown(value)}`;
  }
  return null;
}

function isMember(value: unknown): boolean {
  return (
    isRecord(value) &&
    count.accepts(value.incarnation) &&
    count.accepts(value.acknowledgedView) &&
    (value.state === 'up' || value.state === 'suspect' || value.state === 'down') &&
    isNodeOrNone(value.heir) &&
    isNodeOrNone(value.addressAt) &&
    isNodeOrNone(value.movingTo)
  );
}

/** Ledgers of other coordinators may leave out what they do not have. */
const isNodeOrNone = (value: unknown): boolean =>
  value === undefined || value === null || name.accepts(value);

function areDomains(domains: readonly unknown[]): boolean {
  const called = new Set(domains.map((domain) => (isRecord(domain) ? domain.name : undefined)));
  return (
    called.size === domains.length &&
    domains.every((domain) => isRecord(domain) && name.accepts(domain.name) && names.accepts(domain.nodes))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 57)}...` : json;
}
