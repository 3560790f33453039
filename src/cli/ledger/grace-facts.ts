/**
 * What a lock domain in grace waits for: put together from its ledger and from what its nodes say of themselves. Either may be
 * missing. Pure.
 */
import type { NodeId } from '../../core/ids.ts';
import {
  barrierReached,
  claimsServedBy,
  inGrace,
  type Ledger,
  nodesOf,
  unacknowledged,
} from '../../core/ledger.ts';
import { successorsOf } from '../../core/succession.ts';
import type { CoordinatorStatus } from '../../server/coordinator.ts';
import type { Advice } from './advice.ts';
import { clientName, plainName } from './phrases.ts';
import { beaconOf, entitledClients, type LedgerSight } from './sight.ts';

/** Nodes that take no part at present, as far as whoever asks knows. */
export interface Absent {
  /** They do not run. */
  readonly down: readonly string[];
  /** They stand still; to the others that looks like a node that is only slow. */
  readonly paused: readonly string[];
  /** They run, and did not answer. */
  readonly silent: readonly string[];
  /** Members of the ledger's own store that do not run, or stand still. */
  readonly stores: readonly string[];
  /** They run and do not serve yet; what each waits for, in half a sentence, or null. */
  readonly booting: Readonly<Record<string, string | null>>;
}

/** All that is known, as a lab hands it out. */
export interface GraceObservation {
  /** Null where nothing tells domains apart. */
  readonly domain: string | null;
  /** From the store itself; null: it does not answer whoever asks. */
  readonly sight: LedgerSight | null;
  /** Why there is no sight; one sentence. */
  readonly storeProblem: string | null;
  /** What the nodes that answer say of this domain. */
  readonly statuses: Readonly<Record<string, CoordinatorStatus>>;
  readonly absent: Absent;
  /** How the cluster was told to act by itself; null: not known. */
  readonly times: { readonly failoverMs: number | null; readonly fenceAfterMs: number | null } | null;
}

export interface GraceQuestion extends GraceObservation {
  readonly advice: Advice;
}

/** A node whose acknowledgement the barrier waits for. */
export interface AwaitedNode {
  readonly node: string;
  readonly incarnation: number;
  readonly state: 'up' | 'suspect';
  /** For how long it has been waited for, in milliseconds; null: nobody can say. */
  readonly forMs: number | null;
  /** When another node sees to it that this life ends; null: nobody does. */
  readonly fencedInMs: number | null;
  readonly fencedBy: string | null;
  readonly fencing: 'under way' | 'failed' | null;
  /** How it failed, with what to do. */
  readonly fencingFailure: string | null;
}

export interface AwaitedClient {
  readonly client: string;
  /** The node that recorded it. */
  readonly of: string;
  /** Where it may reclaim; null: nowhere at present. */
  readonly at: string | null;
  readonly forMs: number | null;
}

export interface GraceFacts {
  readonly domain: string | null;
  /** Null: nobody can say. */
  readonly inGrace: boolean | null;
  readonly ledger: Ledger | null;
  readonly unacknowledged: readonly string[];
  readonly awaitedNodes: readonly AwaitedNode[];
  /** Recorded clients that have not completed their reclaim, by the node that had them. */
  readonly outstanding: Readonly<Record<string, readonly string[]>>;
  readonly awaitedClients: readonly AwaitedClient[];
  /** For how long grace has run. */
  readonly runningForMs: number | null;
  /** When grace ends if nobody comes any more; null outside grace, and before the barrier. */
  readonly deadlineInMs: number | null;
  /** When nobody is waited for any more, whatever comes. */
  readonly latestEndInMs: number | null;
  readonly suspects: readonly string[];
  /** Dead by their beacons, and not by the ledger: nobody has noticed, or nobody is left who could. */
  readonly unnoticed: readonly string[];
  readonly heirs: Readonly<Record<string, string>>;
  readonly storeProblems: Readonly<
    Record<string, { readonly forMs: number | null; readonly problem: string }>
  >;
}

/** The latest of what several say. */
export const last = (times: readonly (number | null | undefined)[]): number | null => {
  const known = times.filter((time) => typeof time === 'number');
  return known.length === 0 ? null : Math.max(...known);
};

export function gatherFacts(question: GraceQuestion): GraceFacts {
  const { domain, statuses } = question;
  const ledger = newestLedger(question);
  const known = Object.values(statuses);
  const awaitedNodes = ledger === null ? [] : awaitedNodesIn(ledger, question);
  const awaitedClients = ledger === null ? [] : awaitedClientsIn(ledger, question);
  return {
    domain,
    inGrace: ledger === null ? null : inGrace(ledger),
    ledger,
    unacknowledged: awaitedNodes.map(({ node }) => node),
    awaitedNodes,
    outstanding: byNode(awaitedClients),
    awaitedClients,
    runningForMs: last(known.map((status) => status.waitingSinceMs)),
    deadlineInMs: last(known.map((status) => status.deadlineInMs)),
    latestEndInMs: last(known.map((status) => status.latestEndInMs)),
    suspects:
      ledger === null ? [] : nodesOf(ledger).filter((node) => ledger.members[node]!.state === 'suspect'),
    unnoticed: question.sight === null ? [] : unnoticedIn(question.sight),
    heirs: ledger === null ? {} : heirsIn(ledger),
    storeProblems: storeProblemsOf(question),
  };
}

/** The store knows best; without it the node that has learned most. */
function newestLedger({ sight, statuses }: GraceQuestion): Ledger | null {
  if (sight !== null) return sight.ledger;
  const ledgers = Object.values(statuses).map((status) => status.ledger);
  return ledgers.length === 0
    ? null
    : ledgers.reduce((newest, next) => (next.view > newest.view ? next : newest));
}

function byNode(clients: readonly AwaitedClient[]): Record<string, string[]> {
  return Object.fromEntries(
    [...Map.groupBy(clients, ({ of }) => of)].map(([node, some]) => [node, some.map(({ client }) => client)]),
  );
}

function unnoticedIn(sight: LedgerSight): NodeId[] {
  const { ledger } = sight;
  if (!ledger.beaconProvesDeath) return [];
  return nodesOf(ledger).filter(
    (node) => ledger.members[node]!.state === 'up' && beaconOf(sight, node) === 'out',
  );
}

const heirsIn = (ledger: Ledger): Record<string, string> =>
  Object.fromEntries(
    nodesOf(ledger).flatMap((node) => {
      const { heir } = ledger.members[node]!;
      return heir === null ? [] : [[node, heir]];
    }),
  );

function awaitedNodesIn(ledger: Ledger, question: GraceQuestion): AwaitedNode[] {
  if (!inGrace(ledger)) return [];
  return unacknowledged(ledger).map((node) => {
    const { incarnation, state } = ledger.members[node]!;
    const reports = Object.values(question.statuses)
      .flatMap(({ fencing }) => fencing ?? [])
      .filter((report) => report.node === node && report.incarnation === incarnation);
    const running = reports.some(({ underWayMs }) => underWayMs !== null);
    const failure = reports.find((report) => report.failure !== null)?.failure ?? null;
    const graceMs = last(Object.values(question.statuses).map((status) => status.waitingSinceMs));
    const forMs = last(reports.map(({ heldUpMs }) => heldUpMs)) ?? graceMs;
    const due = fencingDue(ledger, node, forMs, question);
    return {
      node,
      incarnation,
      state: state === 'suspect' ? 'suspect' : 'up',
      forMs,
      fencedInMs: due?.inMs ?? null,
      fencedBy: due?.by ?? null,
      fencing: running ? 'under way' : failure === null ? null : 'failed',
      fencingFailure: failure,
    };
  });
}

/** The first in line who answers, by the turns of coordinator/fencing.ts: a suspect is not given the first waiting time. */
function fencingDue(
  ledger: Ledger,
  node: NodeId,
  forMs: number | null,
  { times, statuses }: GraceQuestion,
): { readonly by: string; readonly inMs: number } | null {
  const after = times?.fenceAfterMs ?? null;
  const turn = successorsOf(ledger, node).findIndex((successor) => Object.hasOwn(statuses, successor));
  if (after === null || turn < 0 || forMs === null) return null;
  const turns = ledger.members[node]!.state === 'suspect' ? turn : turn + 1;
  return { by: successorsOf(ledger, node)[turn]!, inMs: Math.max(0, turns * after - forMs) };
}

/** Those whom the nodes that answer expect, and those whom nobody can expect, since nobody serves them: by their records. */
function awaitedClientsIn(ledger: Ledger, { statuses, sight }: GraceQuestion): AwaitedClient[] {
  if (!inGrace(ledger)) return [];
  const expected = Object.entries(statuses).flatMap(([at, status]) =>
    (status.expected ?? []).map(({ client, of, sinceMs }) => ({
      client: plainName(client),
      of,
      at,
      forMs: sinceMs,
    })),
  );
  const told = new Set(expected.map(({ of }) => of));
  const answering = nodesOf(ledger).filter((node) => Object.hasOwn(statuses, node));
  const served = new Set(answering.flatMap((node) => claimsServedBy(ledger, node)));
  const others = nodesOf(ledger).filter(
    (node) =>
      ledger.members[node]!.claims === 'open' &&
      !told.has(node) &&
      (!served.has(node) || !barrierReached(ledger)),
  );
  const recorded = others.flatMap((of) =>
    (sight === null ? [] : entitledClients(sight, ledger, of)).map(({ ownerId }) => ({
      client: clientName(ownerId),
      of,
      at: null,
      forMs: null,
    })),
  );
  return [...expected, ...recorded];
}

/** By who says so; `store` is whoever asks. */
function storeProblemsOf({ statuses, storeProblem }: GraceQuestion): GraceFacts['storeProblems'] {
  const problems: Record<string, { forMs: number | null; problem: string }> = {};
  for (const [node, { store, storeAnswers }] of Object.entries(statuses)) {
    if (storeAnswers) continue;
    const silence = store?.answers === false ? store : null;
    problems[node] = { forMs: silence?.sinceMs ?? null, problem: silence?.problem ?? 'it does not answer' };
  }
  if (storeProblem !== null) problems.store = { forMs: null, problem: storeProblem };
  return problems;
}
