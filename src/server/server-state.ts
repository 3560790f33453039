import { Grants } from './grants.ts';
import { Leases } from './leases.ts';
import type { Settings } from './options.ts';
import { PathBook } from './paths.ts';
import { ClientRecords } from './records.ts';
import { BootIdentity } from './state/boot-identity.ts';
import { ClientTable } from './state/clients.ts';
import { LockingTables } from './state/locking.ts';
import { SessionTable } from './state/sessions.ts';

/** Everything that one life of a lock server knows, put together. The operations work on this. */
export class ServerState {
  readonly settings: Settings;
  readonly identity: BootIdentity;
  readonly clients: ClientTable;
  readonly sessions: SessionTable;
  readonly locking: LockingTables;
  readonly records: ClientRecords;
  readonly leases: Leases;
  readonly grants: Grants;
  readonly paths: PathBook;
  /** When this life began, on the clock of the settings. */
  readonly bornMs: number;

  constructor(settings: Settings) {
    this.settings = settings;
    this.bornMs = settings.clock.nowMs();
    this.identity = new BootIdentity(settings.bootVerifier, settings.serverOwner.major);
    this.clients = new ClientTable(this.identity);
    this.sessions = new SessionTable(this.identity);
    this.locking = new LockingTables(this.identity, settings.filesystem, settings.locks, settings.observe);
    this.records = new ClientRecords(settings.coordination);
    this.leases = new Leases({
      clock: settings.clock,
      leaseMs: settings.leaseMs,
      courtesy: settings.courtesy,
      silentLeases: settings.limits.silentLeases,
      clients: this.clients,
      sessions: this.sessions,
      locking: this.locking,
      records: this.records,
    });
    this.grants = new Grants(settings.coordination, this.records);
    this.paths = new PathBook(settings.filesystem);
  }
}
