import { inGrace, type Ledger, nodesOf, unacknowledged } from '../../core/ledger.ts';
import type { CoordinatorStatus } from '../../server/coordinator.ts';

/** Why the domain is in grace, or is not: facts for a script, sentences for a person. */
export interface GraceExplanation {
  readonly inGrace: boolean;
  /** Nodes whose acknowledgement the barrier waits for. */
  readonly unacknowledged: readonly string[];
  /** Recorded clients that have not completed their reclaim, by the node that had them. */
  readonly outstanding: Readonly<Record<string, readonly string[]>>;
  /** When grace ends if nobody comes any more; null outside grace, and before the barrier. */
  readonly deadlineInMs: number | null;
  /** When it ends whatever happens. */
  readonly latestEndInMs: number | null;
  readonly sentences: readonly string[];
}

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

const seconds = (ms: number): string => `${Math.max(0, Math.ceil(ms / 1000))} s`;

/** Each node knows only the clients that reclaim at it, so the whole is put together from all of them. */
function outstandingOf(statuses: readonly CoordinatorStatus[]): Record<string, readonly string[]> {
  const outstanding: Record<string, readonly string[]> = {};
  for (const status of statuses) {
    for (const [node, clients] of Object.entries(status.outstanding))
      if (clients.length > 0) outstanding[node] = clients;
  }
  return outstanding;
}

/** Grace ends when the last node's clients are through. */
const last = (times: readonly (number | null)[]): number | null => {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
};

/** Nodes of the lab that take no part at present, and that the lab itself knows of. */
export interface Absent {
  /** They do not run. */
  readonly down: readonly string[];
  /** They stand still; to the others that looks like a node that is only slow. */
  readonly paused: readonly string[];
}

/** ` is down`, ` is paused`; empty for a node that takes part. */
function absence(node: string, { down, paused }: Absent): string {
  if (down.includes(node)) return ' is down';
  return paused.includes(node) ? ' is paused' : '';
}

export const pausedSentence = (node: string): string =>
  `${node} is paused; let it go on with \`gracelab fault start ${node}\`.`;

/** @param statuses what the nodes that serve say, by their names; at least one */
export function explainGrace(
  statuses: Readonly<Record<string, CoordinatorStatus>>,
  absent: Absent,
): GraceExplanation {
  const known = Object.values(statuses);
  const ledger = known
    .map((status) => status.ledger)
    .reduce((newest, next) => (next.view > newest.view ? next : newest));
  const explained = {
    inGrace: inGrace(ledger),
    unacknowledged: inGrace(ledger) ? unacknowledged(ledger) : [],
    outstanding: outstandingOf(known),
    deadlineInMs: last(known.map((status) => status.deadlineInMs)),
    latestEndInMs: last(known.map((status) => status.latestEndInMs)),
  };
  const troubles = Object.entries(statuses).flatMap(([node, status]) => troubleOf(node, status));
  const paused = absent.paused.map(pausedSentence);
  return { ...explained, sentences: [...phaseSentences(ledger, explained, absent), ...troubles, ...paused] };
}

function phaseSentences(
  ledger: Ledger,
  explained: Omit<GraceExplanation, 'sentences'>,
  absent: Absent,
): string[] {
  if (!explained.inGrace)
    return [`The cluster is not in grace (view ${ledger.view}, epoch ${ledger.epoch}).`];
  return [
    `The cluster is in grace (view ${ledger.view}): clients recorded in epoch ${ledger.recoveryEpoch} may reclaim, and nobody gets a new lock.`,
    ...explained.unacknowledged.map((node) => {
      const why = absence(node, absent);
      return `The barrier waits for ${node} to acknowledge view ${ledger.view}${why === '' ? '' : `, and it${why}`}.`;
    }),
    ...claimSentences(ledger, explained, absent),
    ...endSentences(explained),
  ];
}

function claimSentences(
  ledger: Ledger,
  { outstanding, unacknowledged: awaited }: Omit<GraceExplanation, 'sentences'>,
  absent: Absent,
): string[] {
  const open = nodesOf(ledger).filter((node) => ledger.members[node]?.claims === 'open');
  return open.flatMap((node) => {
    const heir = ledger.members[node]?.heir ?? null;
    const clients = outstanding[node] ?? [];
    if (clients.length > 0) {
      const where = heir === null ? '' : ` at its heir ${heir}`;
      return [
        `${list(clients)} of ${node} ${clients.length === 1 ? 'has' : 'have'} not completed the reclaim${where}.`,
      ];
    }
    const why = heir === null ? absence(node, absent) : '';
    if (why !== '') return [`The clients of ${node} may still reclaim, and ${node}${why}.`];
    return awaited.length > 0 ? [] : [`The claims of ${node} are about to be closed.`];
  });
}

function endSentences({ deadlineInMs, latestEndInMs }: Omit<GraceExplanation, 'sentences'>): string[] {
  if (deadlineInMs === null) return [];
  const latest = latestEndInMs === null ? '' : `, and in ${seconds(latestEndInMs)} at the latest`;
  return [
    `It ends as soon as all of them have; otherwise in ${seconds(deadlineInMs)} if no other client comes${latest}.`,
  ];
}

function troubleOf(node: string, status: CoordinatorStatus): string[] {
  if (!status.storeAnswers) return [`${node} grants nothing new because the ledger's store does not answer.`];
  if (status.standing !== 'current') return [`${node} is ${status.standing} and grants nothing.`];
  if (status.enforcing && !inGrace(status.ledger))
    return [`${node} refuses new locks until it has learned the newest view.`];
  return [];
}
