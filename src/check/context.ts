import type { ClientEvent, FaultEvent, History, RunEvent } from '../history/events.ts';
import { Carriers, grantorOf, type ToldGrants, toldGrants } from './carriers.ts';
import { trackClaims } from './claim-tracker.ts';
import type { Claim } from './claims.ts';
import { type Contacts, gatherContacts } from './contacts.ts';
import { type Grace, gracesOf, type LedgerStep, ledgerSteps } from './graces.ts';
import { type Milestone, milestonesOf } from './milestones.ts';
import { NO_LIVES, type NodeLives, nodeLives } from './node-lives.ts';
import { type Operation, type Operations, pairOperations } from './operations.ts';
import { plannedMoves, untilTheyMoved } from './planned-moves.ts';

export type ClusterFacts = NonNullable<RunEvent['cluster']>;

/** The history does not say something that a check needs; the check is `unknown`. */
export class MissingFactError extends Error {
  override readonly name = 'MissingFactError';
}

export const NS_PER_MS = 1e6;

/**
 * What several checkers derive from a history, each part made once and only when asked for: a part
 * that cannot be made leaves the checks that do not need it alone.
 */
export class CheckContext {
  /** Up to the run's `end`: what comes after it is the lab being taken down. */
  readonly history: History;
  /** How late a bounded thing may be before it counts as unbounded: for scheduling on a busy machine. */
  readonly slackNs: number;
  /**
   * What moves to another node is this domain's filesystem, and addresses stay (history-format.md): whoever is asked is the node of that
   * name. Else it is addresses that move.
   */
  readonly filesystemsMove: boolean;
  /** false: a node that does not serve this domain, so that what happens to it is of no account here. */
  readonly concerns: (target: string) => boolean;
  readonly #cluster: ClusterFacts | undefined;
  readonly #made = new Map<string, unknown>();
  /** By the index of an operation's invoke. */
  readonly #servers: (readonly string[] | undefined)[];

  /** @param cluster overrides what the history's `start` event says */
  constructor(
    history: History,
    options: {
      readonly cluster?: ClusterFacts;
      readonly slackMs?: number;
      readonly filesystemsMove?: boolean;
      readonly concerns?: (target: string) => boolean;
    } = {},
  ) {
    this.history = untilEnd(history);
    this.filesystemsMove = options.filesystemsMove ?? false;
    this.concerns = options.concerns ?? (() => true);
    this.slackNs = (options.slackMs ?? 1000) * NS_PER_MS;
    this.#cluster = options.cluster ?? clusterIn(history);
    this.#servers = new Array(this.history.length);
  }

  /** @throws {MissingFactError} when neither the history nor the caller says */
  get cluster(): ClusterFacts {
    if (this.#cluster === undefined) {
      throw new MissingFactError('The history has no start event that names nodes, lease and grace.');
    }
    return this.#cluster;
  }

  get leaseNs(): number {
    return this.cluster.leaseMs * NS_PER_MS;
  }

  get graceNs(): number {
    return this.cluster.graceMs * NS_PER_MS;
  }

  /**
   * For how long a grace may rightly wait for clients, at the most, and somebody notice that it is over. A right server may extend a short grace to
   * two leases (row 31).
   */
  get longestGraceNs(): number {
    return Math.max(2 * this.graceNs, this.leaseNs) + this.leaseNs + this.slackNs;
  }

  /** The time of the last event. */
  get endsAt(): number {
    return this.history.at(-1)?.t ?? 0;
  }

  /** {@link milestonesOf} */
  get milestones(): readonly Milestone[] {
    return this.once('milestones', () => milestonesOf(this.history));
  }

  /** Those of the milestones that are faults, in order. */
  get faults(): readonly FaultEvent[] {
    return this.once('faults', () =>
      this.milestones.flatMap(([, event]) => (event.kind === 'fault' ? [event] : [])),
    );
  }

  get operations(): Operations {
    return this.once('operations', () => pairOperations(this.history));
  }

  get claims(): readonly Claim[] {
    return this.once('claims', () => {
      const claims = trackClaims(this.history, this.operations);
      return this.filesystemsMove ? untilTheyMoved(claims, plannedMoves(this)) : claims;
    });
  }

  get contacts(): Contacts {
    return this.once('contacts', () => gatherContacts(this.history, this.operations));
  }

  /** The swaps of the ledger in its own order; empty for a cluster without one. */
  get steps(): readonly LedgerStep[] {
    return this.once('steps', () => ledgerSteps(this.milestones));
  }

  get graces(): readonly Grace[] {
    return this.once('graces', () => gracesOf(this.steps));
  }

  lives(node: string): NodeLives {
    return this.once('lives', () => nodeLives(this.milestones, this.steps)).get(node) ?? NO_LIVES;
  }

  /** Who answered at whose service address. */
  get carriers(): Carriers {
    return this.once('carriers', () => new Carriers(this.filesystemsMove ? [] : this.steps));
  }

  /**
   * Every node that may have answered this request; one unless an address moved while it was under way. Where an
   * address has moved, the node that says that it granted the request is believed: it has no reason to take another's
   * grant upon itself, and nobody else can know.
   */
  servers(operation: Operation): readonly string[] {
    const { carriers } = this;
    // A local program asks the node that it runs on, wherever that node's address leads.
    if (!carriers.moved || operation.local) return [operation.node];
    let servers = this.#servers[operation.invokeIndex];
    if (servers === undefined) {
      const grantor = grantorOf(this.#toldGrants, operation);
      servers =
        grantor === null
          ? carriers.during(operation.node, operation.invokedAt, operation.repliedAt)
          : [grantor];
      this.#servers[operation.invokeIndex] = servers;
    }
    return servers;
  }

  /** The node that answered this request; null where nobody can say which of several it was. */
  server(operation: Operation): string | null {
    const servers = this.servers(operation);
    return servers.length === 1 ? servers[0]! : null;
  }

  get #toldGrants(): ToldGrants {
    return this.once('told-grants', () => toldGrants(this.history));
  }

  /** Lock requests by file, each list in the order of their invokes. */
  get locksByFile(): ReadonlyMap<string, readonly Operation[]> {
    return this.once('locks-by-file', () =>
      Map.groupBy(
        this.operations.all.filter(({ op }) => op === 'lock'),
        ({ file }) => file,
      ),
    );
  }

  /** What this client learned, in order; renewals left out. */
  newsOf(client: string): readonly ClientEvent[] {
    const byClient = this.once('news', () =>
      Map.groupBy(
        this.milestones.flatMap(([, event]) => (event.kind === 'client' ? [event] : [])),
        (event) => event.client,
      ),
    );
    return byClient.get(client) ?? [];
  }

  /** A part that several checkers derive, made once per history. */
  once<Part>(name: string, make: () => Part): Part {
    if (!this.#made.has(name)) this.#made.set(name, make());
    return this.#made.get(name) as Part;
  }
}

function untilEnd(history: History): History {
  const end = history.findIndex((event) => event.kind === 'run' && event.event === 'end');
  return end === -1 ? history : history.slice(0, end + 1);
}

/** What the history's `start` event says. */
export function clusterIn(history: History): ClusterFacts | undefined {
  for (const event of history) {
    if (event.kind === 'run' && event.cluster !== undefined) return event.cluster;
  }
  return undefined;
}
