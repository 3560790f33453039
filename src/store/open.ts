/** Where a domain's ledger and records are kept, and how to get at them. */
import type { Clock } from '../core/clock.ts';
import { EtcdStore } from './etcd.ts';
import { SqliteStore } from './sqlite.ts';
import { isOpeningRace } from './sqlite-file.ts';
import { type DomainStore, StoreUnavailableError } from './store.ts';

export type StoreSpec =
  /** A file on the shared filesystem; for nodes that share one kernel. */
  | { readonly kind: 'sqlite'; readonly path: string }
  /** An etcd cluster, `http://HOST:PORT` each, and what the names of this domain's keys begin with. */
  | { readonly kind: 'etcd'; readonly endpoints: readonly string[]; readonly prefix: string };

const PATIENCE_MS = 5000;
const RETRY_MS = 10;

/**
 * Opens the store, or founds it. What only comes of several parties starting at the same moment is tried again
 * for 5 s: nodes that make one SQLite file together, members of etcd that have no leader yet.
 * @throws StoreUnavailableError, RecordsUnreadableError; Error, in one sentence, for a specification that makes no sense
 */
export async function openDomainStore(spec: StoreSpec, clock: Clock): Promise<DomainStore> {
  const giveUpMs = clock.nowMs() + PATIENCE_MS;
  for (;;) {
    try {
      return spec.kind === 'sqlite'
        ? SqliteStore.open({ path: spec.path, clock })
        : await EtcdStore.open({ endpoints: spec.endpoints, prefix: spec.prefix, clock });
    } catch (error) {
      if (!isStartUpRace(spec, error) || clock.nowMs() >= giveUpMs) throw error;
      await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
    }
  }
}

/** A file that cannot be opened will not become better by waiting; an etcd that is not there yet may. */
const isStartUpRace = (spec: StoreSpec, error: unknown): boolean =>
  error instanceof StoreUnavailableError && (spec.kind === 'etcd' || isOpeningRace(error));
