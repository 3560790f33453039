import { ConnectionRoom } from './callbacks/dialled-path.ts';
import { Recalls } from './delegations/recalls.ts';
import { Wishes } from './delegations/wishes.ts';
import type { Domains, LockDomain } from './domains.ts';
import { Estates } from './estates/estates.ts';
import { Grants } from './grants.ts';
import { Leases } from './leases.ts';
import type { Settings } from './options.ts';
import { PathBook } from './paths.ts';
import { ClientRecords } from './records.ts';
import { BootIdentity } from './state/boot-identity.ts';
import { type Client, ClientTable } from './state/clients.ts';
import { LockingTables } from './state/locking.ts';
import { SessionTable } from './state/sessions.ts';
import { SessionlessClient } from './version-0/client.ts';
import { DuplicateRequests } from './version-0/duplicate-requests.ts';
import { ReclaimSilence } from './version-0/reclaim-silence.ts';
import { tidyOwners } from './version-0/tidy.ts';

/** Everything that one life of a lock server knows, put together. The operations work on this. */
export class ServerState {
  readonly settings: Settings;
  readonly domains: Domains;
  readonly identity: BootIdentity;
  readonly clients: ClientTable;
  readonly sessions: SessionTable;
  readonly locking: LockingTables;
  readonly records: ClientRecords;
  readonly leases: Leases;
  readonly estates: Estates;
  readonly grants: Grants;
  readonly paths: PathBook;
  readonly recalls: Recalls;
  readonly wishes: Wishes;
  /** Version 4.0. */
  readonly reclaimSilence: ReclaimSilence;
  readonly duplicateRequests: DuplicateRequests;
  /** For connections to clients. */
  readonly callbackRoom: ConnectionRoom;
  #confirmVerifiers = 0;
  #stopped = false;

  constructor(settings: Settings) {
    this.settings = settings;
    this.domains = settings.domains;
    this.identity = new BootIdentity(settings.bootVerifier, settings.serverOwner.major);
    this.clients = new ClientTable(this.identity);
    this.sessions = new SessionTable(this.identity);
    this.locking = new LockingTables(this.identity, settings.domains, settings.observe);
    this.records = new ClientRecords(settings.domains.all, settings.steps);
    this.leases = new Leases({
      clock: settings.clock,
      leaseMs: settings.leaseMs,
      courtesy: settings.courtesy,
      silentLeases: settings.limits.silentLeases,
      domains: settings.domains.all,
      clients: this.clients,
      sessions: this.sessions,
      locking: this.locking,
      records: this.records,
      steps: settings.steps,
      tidy: (client) => {
        this.estates.renew(client);
        this.estates.tidy(client);
        if (client instanceof SessionlessClient) tidyOwners(this, client);
      },
    });
    this.estates = new Estates({
      ...settings,
      clients: this.clients,
      locking: this.locking,
      leases: this.leases,
    });
    this.grants = new Grants(this.records, settings.domains.all, settings.mutants);
    this.paths = new PathBook(settings.filesystem);
    this.recalls = new Recalls({
      ...settings,
      domains: settings.domains.all,
      locking: this.locking,
      records: this.records,
      leases: this.leases,
    });
    this.wishes = new Wishes(settings.clock, settings.leaseMs);
    const { clock, leaseMs, limits } = settings;
    this.duplicateRequests = new DuplicateRequests(clock, leaseMs, limits.cachedReplyBytes);
    this.callbackRoom = new ConnectionRoom(limits.callbackConnections);
    this.reclaimSilence = new ReclaimSilence({ ...settings, records: this.records });
  }

  /** A `setclientid_confirm`: never the same twice in this life. Which life it is of, the client id says that it comes with. */
  nextConfirmVerifier(): Buffer {
    this.#confirmVerifiers += 1;
    const verifier = Buffer.alloc(8);
    verifier.writeBigUInt64BE(BigInt(this.#confirmVerifiers));
    return verifier;
  }

  /** It has acknowledged that it lost delegations, or given them back at last: its record says again that it may reclaim. */
  rewriteRecord(client: Client, domain: LockDomain): void {
    if (client.revoked > 0 || client.revokedDelegations > 0) return;
    if (client.isOwedRecordIn(domain)) void this.records.write(client, domain);
  }

  /** Whoever waited for something durable may not go on. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Nothing is done any more by itself, and nothing is taken for anybody. */
  stop(): void {
    this.#stopped = true;
    this.leases.stop();
    this.recalls.stop();
    this.wishes.stop();
    this.reclaimSilence.stop();
    for (const client of this.clients.all()) if (client instanceof SessionlessClient) client.takePath(null);
  }
}
