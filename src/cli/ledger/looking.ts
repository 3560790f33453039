/** A look at one lock domain through its store and its beacon file. It changes nothing. */
import type { RecordScope } from '../../core/client-record.ts';
import { type Ledger, nodesOf } from '../../core/ledger.ts';
import type { StoreSpec } from '../../store/open.ts';
import { RecordsUnreadableError } from '../../store/store.ts';
import { lookAtBeacon, type OperatorsDesk, readLedger } from '../operator/operators-desk.ts';
import type { BeaconLook, FencerKind, LedgerSight, RecordedClients } from './sight.ts';

/** One lock domain, as the process that holds its store sees it. */
export interface DomainDesk extends OperatorsDesk {
  readonly domain: string | null;
  readonly spec: StoreSpec;
  readonly fencerKind: FencerKind | null;
}

/** @throws NoLedgerError, StoreUnavailableError, RecordsUnreadableError */
export async function lookAt(desk: DomainDesk): Promise<LedgerSight> {
  const { ledger, revision } = await readLedger(desk);
  const epochs = ledger.recoveryEpoch === null ? [ledger.epoch] : [ledger.recoveryEpoch, ledger.epoch];
  const scopes = epochs.flatMap((epoch) => nodesOf(ledger).map((node) => ({ epoch, node })));
  const records: RecordedClients[] = [];
  for (const scope of scopes) records.push(await recordsIn(desk, scope));
  const { domain, spec, fencerKind } = desk;
  return {
    domain,
    store: spec,
    revision,
    ledger,
    records,
    beacons: beaconsOf(desk, ledger),
    fencer: fencerKind,
  };
}

/** What cannot be read there gives nobody a claim (row 20), and does not keep an operator from seeing the rest. */
async function recordsIn({ store }: OperatorsDesk, scope: RecordScope): Promise<RecordedClients> {
  try {
    return { ...scope, clients: await store.records(scope), unreadable: null };
  } catch (error) {
    if (!(error instanceof RecordsUnreadableError)) throw error;
    return { ...scope, clients: [], unreadable: error.message };
  }
}

function beaconsOf(desk: OperatorsDesk, ledger: Ledger): Record<string, BeaconLook> {
  const beacons: Record<string, BeaconLook> = {};
  for (const node of nodesOf(ledger))
    if (ledger.members[node]!.incarnation > 0) beacons[node] = lookAtBeacon(desk, ledger, node);
  return beacons;
}
