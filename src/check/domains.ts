import type { History, HistoryEvent } from '../history/events.ts';
import { CheckContext, type ClusterFacts, clusterIn } from './context.ts';
import { HistoryContradictionError } from './operations.ts';

/** What is judged for itself: one lock domain of the run, or the run as a whole where it has only one. */
export interface DomainPart {
  /** null: the run has one domain, and nothing in it says which. */
  readonly name: string | null;
  readonly context: CheckContext;
  /** The place in the whole history of an event of this part. */
  indexInRun(index: number): number;
}

export interface DomainOptions {
  /** Overrides what the history's `start` event says. */
  readonly cluster?: ClusterFacts;
  readonly slackMs?: number;
}

/**
 * The domains of a run, each with the part of the history that is about it: graces of two domains have nothing to do with
 * one another (C12). What is of no domain (faults, a client's session, a process that ends) is in every part.
 * @throws {HistoryContradictionError} where something cannot be told to be of one of them
 */
export function domainParts(history: History, options: DomainOptions = {}): readonly DomainPart[] {
  const cluster = options.cluster ?? clusterIn(history);
  const domains = cluster?.domains ?? [];
  if (cluster === undefined || domains.length < 2) {
    const context = new CheckContext(history, options);
    return [{ name: null, context, indexInRun: (index) => index }];
  }
  const names = new Set(domains.map(({ name }) => name));
  const nodesOfRun = new Set([...cluster.nodes, ...domains.flatMap(({ nodes }) => nodes)]);
  const domainOf = history.map((event, index) => placed(event, index, names));
  return domains.map(({ name, nodes }) => {
    const members = new Set(nodes);
    const places: number[] = [];
    for (const [index, event] of history.entries()) {
      if ((domainOf[index] ?? name) === name && isAbout(event, members)) places.push(index);
    }
    const { domains: _, ...facts } = cluster;
    const part = places.map((index) => history[index]!);
    const concerns = (target: string) => members.has(target) || !nodesOfRun.has(target);
    const ofDomain = { cluster: { ...facts, nodes }, filesystemsMove: true, concerns };
    const context = new CheckContext(part, { ...options, ...ofDomain });
    return { name, context, indexInRun: (index) => places[index] ?? -1 };
  });
}

/** Which domain an event is of; null: it is of none of them, and concerns all. */
function placed(event: HistoryEvent, index: number, names: ReadonlySet<string>): string | null {
  switch (event.kind) {
    case 'op':
    case 'audit':
      return named(event.domain ?? event.file.split('/')[0]!, event, index, names);
    case 'ledger':
      return named(event.domain, event, index, names);
    case 'node':
    case 'fault':
      return event.domain === undefined ? null : named(event.domain, event, index, names);
    case 'client': {
      const first = event.file?.split('/')[0];
      return first !== undefined && names.has(first) ? first : null;
    }
    default:
      return null;
  }
}

function named(
  domain: string | undefined,
  { kind }: HistoryEvent,
  index: number,
  names: ReadonlySet<string>,
): string {
  if (domain !== undefined && names.has(domain)) return domain;
  const which = domain === undefined ? 'no domain' : `the domain ${domain}, which is not one of the run`;
  throw new HistoryContradictionError(
    `The run has the domains ${[...names].join(', ')}, and event ${index} (${kind}) names ${which}.`,
  );
}

/** What a client goes through with a node that does not serve this domain says nothing about it; that it ends does. */
const isAbout = (event: HistoryEvent, members: ReadonlySet<string>): boolean =>
  event.kind !== 'client' ||
  members.has(event.node) ||
  event.event === 'started' ||
  event.event === 'stopped';
