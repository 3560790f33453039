import { addressesCarriedBy, inGrace, type Ledger, nodesOf, unacknowledged } from '../../core/ledger.ts';
import type { ExpectedClient } from '../grace-recovery.ts';
import type { Agreement } from './agreement.ts';
import type { FencingStatus } from './fencing.ts';
import type { StoreStatus } from './store-patience.ts';

/** What a node knows and does, for people: plain enough to be sent as JSON. Durations are in milliseconds up to now. */
export interface CoordinatorStatus {
  readonly incarnation: number;
  readonly standing: 'current' | 'suspect' | 'fenced';
  readonly ledger: Ledger;
  readonly enforcing: boolean;
  readonly storeAnswers: boolean;
  readonly store: StoreStatus;
  /** For how long the grace that runs has run here; null: there is none. */
  readonly waitingSinceMs: number | null;
  /** Nodes whose acknowledgement the barrier waits for. */
  readonly unacknowledged: readonly string[];
  /** Owner ids (as text) of recorded clients that have not completed, by the node that had them. */
  readonly outstanding: Readonly<Record<string, readonly string[]>>;
  /** The same with for how long each has been expected here. */
  readonly expected: readonly ExpectedClient[];
  /** Until nobody is waited for any more, from now; null before the barrier and outside grace. */
  readonly deadlineInMs: number | null;
  readonly latestEndInMs: number | null;
  /** Who serves the clients of whom, in the grace that runs. */
  readonly heirs: Readonly<Record<string, string>>;
  /** Whose service addresses lead to this node, its own among them. */
  readonly carriedAddresses: readonly string[];
  /** The lives that this node is about to end, or could not end. */
  readonly fencing: readonly FencingStatus[];
  /** Clients that lost what they had and have not been told (row 19). */
  readonly revoked: readonly string[];
  /** Records that could not be read since this life began, and what follows (row 20); null: none. */
  readonly unreadableRecords: string | null;
}

export function statusOf(agreement: Agreement): CoordinatorStatus {
  const { ledger, recovery, patience, self } = agreement;
  const ends = recovery.endsInMs();
  const store = patience.status();
  const expected = recovery.expected(ledger);
  return {
    incarnation: self.incarnation,
    standing: agreement.place(),
    ledger,
    enforcing: agreement.enforcing(),
    storeAnswers: store.answers,
    store,
    waitingSinceMs: recovery.runningForMs(),
    unacknowledged: inGrace(ledger) ? unacknowledged(ledger) : [],
    outstanding: namesByNode(expected),
    expected,
    deadlineInMs: ends?.usual ?? null,
    latestEndInMs: ends?.latest ?? null,
    heirs: heirsOf(ledger),
    carriedAddresses: agreement.closed ? [] : addressesCarriedBy(ledger, self.node),
    fencing: agreement.fencing.status(),
    revoked: agreement.records.revoked(),
    unreadableRecords: recovery.unreadable(),
  };
}

const namesByNode = (expected: readonly ExpectedClient[]): Record<string, string[]> =>
  Object.fromEntries(
    [...Map.groupBy(expected, ({ of }) => of)].map(([node, clients]) => [
      node,
      clients.map(({ client }) => client),
    ]),
  );

function heirsOf(ledger: Ledger): Record<string, string> {
  const heirs: Record<string, string> = {};
  for (const node of nodesOf(ledger)) {
    const { heir } = ledger.members[node]!;
    if (heir !== null) heirs[node] = heir;
  }
  return heirs;
}
