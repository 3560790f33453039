/** A ledger for a person: plain words first, then who is in it, then which clients are recorded. */

import type { ClientRecord } from '../../core/client-record.ts';
import type { NodeId } from '../../core/ids.ts';
import { inGrace, type Ledger, nodesOf, unacknowledged } from '../../core/ledger.ts';
import { entitles } from '../../core/record-transitions.ts';
import type { Colours } from '../terminal.ts';
import { clientName, list } from './phrases.ts';
import {
  beaconOf,
  type LedgerSight,
  openClaimants,
  phaseOf,
  type RecordedClients,
  storeText,
} from './sight.ts';

/** @param lab whose ledger it is; null: a store's alone. The store of a lab is where only the lab gets at it. */
export function ledgerText(sight: LedgerSight, lab: string | null, colours: Colours): string {
  const domain = sight.domain === null ? '' : `, lock domain ${sight.domain}`;
  const title = lab === null ? storeText(sight.store) : `${lab}${domain} (${sight.store.kind})`;
  return [
    colours.bold(title),
    ...ledgerSentences(sight).map((sentence) => `  ${sentence}`),
    '',
    ...memberTable(sight),
    '',
    ...recordLines(sight),
  ].join('\n');
}

/** What the ledger says, without looking at any node. */
export function ledgerSentences({ ledger }: LedgerSight): string[] {
  const proof = ledger.beaconProvesDeath
    ? 'A missing beacon proves that a node is dead.'
    : 'A missing beacon does not prove that a node is dead: it makes a suspect of it.';
  return [...phaseSentences(ledger), ...memberSentences(ledger), proof];
}

function phaseSentences(ledger: Ledger): string[] {
  const { view, epoch, recoveryEpoch } = ledger;
  if (!inGrace(ledger)) return [`No grace (view ${view}). Clients are recorded in epoch ${epoch}.`];
  const grace = `In grace (view ${view}): clients recorded in epoch ${recoveryEpoch} may reclaim and are recorded anew in epoch ${epoch}; nobody gets a new lock.`;
  const awaited = unacknowledged(ledger);
  if (awaited.length > 0)
    return [grace, `Before the barrier: ${list(awaited)} ${have(awaited)} not acknowledged view ${view}.`];
  const open = openClaimants(ledger);
  const waits =
    open.length === 0 ? [] : [`Past the barrier: clients of ${list(open)} may reclaim until it ends.`];
  return [grace, ...waits];
}

const have = (nodes: readonly string[]): string => (nodes.length === 1 ? 'has' : 'have');

function memberSentences(ledger: Ledger): string[] {
  return nodesOf(ledger).flatMap((node) => {
    const { heir, addressAt, leaving, state } = ledger.members[node]!;
    return [
      ...(state === 'suspect' ? [`${node} is suspected dead; nobody has made sure of it.`] : []),
      ...(leaving ? [`${node} is leaving as planned.`] : []),
      ...(heir === null ? [] : [`${heir} has taken the clients of ${node} over.`]),
      ...(addressAt === null ? [] : [`The clients of ${node} are served by ${addressAt}.`]),
    ];
  });
}

const HEAD = ['node', 'life', 'state', 'beacon', 'acknowledged', 'claims', 'heir', 'served by', 'leaving'];

function memberTable(sight: LedgerSight): string[] {
  const rows = nodesOf(sight.ledger).map((node) => memberRow(sight, node));
  if (rows.length === 0) return ['  no members'];
  return aligned([HEAD, ...rows]);
}

function memberRow(sight: LedgerSight, node: NodeId): string[] {
  const { ledger } = sight;
  const { incarnation, state, acknowledgedView, claims, heir, addressAt, leaving } = ledger.members[node]!;
  const awaited = phaseOf(ledger) === 'quiet' || state === 'down';
  const acknowledged = acknowledgedView === ledger.view ? 'yes' : 'no';
  return [
    node,
    incarnation === 0 ? 'never booted' : String(incarnation),
    state,
    incarnation === 0 ? '-' : beaconOf(sight, node),
    awaited ? '-' : acknowledged,
    claims,
    heir ?? '-',
    addressAt ?? node,
    leaving ? 'yes' : '-',
  ];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd(),
  );
}

function recordLines(sight: LedgerSight): string[] {
  const { recoveryEpoch } = sight.ledger;
  const later = recoveryEpoch === null ? 'may reclaim after the next failure' : 'recorded anew in this grace';
  const told = sight.records.filter(({ clients, unreadable }) => clients.length > 0 || unreadable !== null);
  if (told.length === 0) return ['  No client is recorded.'];
  return [...Map.groupBy(told, (recorded) => recorded.epoch)].flatMap(([of, recorded]) => [
    `  Clients recorded in epoch ${of} (${of === recoveryEpoch ? 'may reclaim now' : later}):`,
    ...aligned(recorded.map((each) => ['', each.node, clientsText(sight, each)])),
  ]);
}

function clientsText(sight: LedgerSight, { node, epoch, clients, unreadable }: RecordedClients): string {
  if (unreadable !== null) return `cannot be read: ${unreadable}`;
  const counts =
    epoch === sight.ledger.recoveryEpoch ? sight.ledger.members[node]!.recordedIncarnation : null;
  return clients.map((record) => `${clientName(record.ownerId)}${mark(record, counts)}`).join(', ');
}

/** Why a recorded client may not reclaim all the same. */
function mark(record: ClientRecord, counts: number | null): string {
  if (record.revoked) return ' (revoked: its lease ran out)';
  if (record.reclaimIncomplete) return ' (revoked: its reclaim was not complete)';
  if (counts !== null && entitles(record) && record.incarnation !== counts)
    return ` (does not count: written by life ${record.incarnation})`;
  return '';
}
