/**
 * Takes over what clients held where their address, or a filesystem, came from, in that filesystem and while everybody refuses new state: as they
 * would reclaim it themselves, only that they need not be there.
 */
import type { NodeId } from '../../core/ids.ts';
import type { ClientIdentity } from '../coordination.ts';
import { type Subject, spanForHistory } from '../observation.ts';
import type { ServerState } from '../server-state.ts';
import { AdoptedClient, type FilesystemOrigin } from '../state/adopted-client.ts';
import { type Client, ownerKeyOf } from '../state/clients.ts';
import { shareConflict } from '../state/files.ts';
import { ownerText, SHARE_WRITE } from '../state/opens.ts';
import type { ClientEstate, FileEstate } from './estate.ts';

/** @returns those whose all is held here now, which may be nothing: their records go when they never come. Nothing is held for the others. */
export function adopt(
  server: ServerState,
  service: NodeId,
  estates: readonly ClientEstate[],
  graceMs: number,
): ClientIdentity[] {
  return adoptEach(server, estates, (estate) => {
    const { ownerId, principal } = estate;
    const identity = { ownerId, principal, service };
    return adoptClient(server, identity, estate, graceMs) ? identity : null;
  });
}

/**
 * The same of what the clients of another node held in a filesystem that came from there. They come as clients of this node, and may be here
 * already with what they have elsewhere: then it hangs on the lease that they have. Of nobody who could be somebody else than the client here of that name.
 */
export function adoptIn(
  server: ServerState,
  origin: FilesystemOrigin,
  estates: readonly ClientEstate[],
  graceMs: number,
): ClientIdentity[] {
  return adoptEach(server, estates, (estate) => {
    const { ownerId, principal } = estate;
    const identity = { ownerId, principal };
    const here = server.clients.confirmedOf(ownerKeyOf(identity));
    if (here !== null && !isSame(here, estate, origin)) return null;
    if (!adoptClient(server, identity, estate, graceMs, origin)) return null;
    if (here !== null) server.estates.attach(here);
    return identity;
  });
}

function adoptEach(
  { leases }: ServerState,
  estates: readonly ClientEstate[],
  adoptOne: (estate: ClientEstate) => ClientIdentity | null,
): ClientIdentity[] {
  const adopted = estates.flatMap((estate) => adoptOne(estate) ?? []);
  leases.watch();
  return adopted;
}

/** The very client that has come here before, through with what it had to reclaim, and without anything of that filesystem that is not from there. */
function isSame(here: Client, { principal, verifier }: ClientEstate, { domain }: FilesystemOrigin): boolean {
  return (
    here.identity.principal === principal &&
    here.verifier.equals(Buffer.from(verifier, 'hex')) &&
    here.standing === 'live' &&
    here.leaving.size === 0 &&
    here.reclaimComplete &&
    here.revoked === 0 &&
    here.revokedDelegations === 0 &&
    !here.holdsStateIn(domain)
  );
}

function adoptClient(
  server: ServerState,
  identity: ClientIdentity,
  { verifier, files }: ClientEstate,
  graceMs: number,
  origin: FilesystemOrigin | null = null,
): boolean {
  const { clients, settings, domains } = server;
  const { clock, leaseMs } = settings;
  // As long as a grace may last, it has time to come: nobody has told it that it must. From then on its lease runs.
  const renewedAtMs = clock.nowMs() + Math.max(leaseMs, graceMs - leaseMs);
  const client = clients.add(
    (clientId, index) =>
      new AdoptedClient(identity, Buffer.from(verifier, 'hex'), { clientId, index }, renewedAtMs, origin),
  );
  // It has come by itself, and reclaims what it had as after any death; or something is held for it already that came with another filesystem.
  if (clients.confirmedOf(client.ownerKey) !== null) {
    clients.remove(client);
    return false;
  }
  clients.confirm(client);
  for (const domain of client.domainsAmong(domains.all)) client.recordedIn.add(domain);
  if (files.every((file) => take(server, client, file))) return true;
  server.leases.handOn(client);
  return false;
}

/** All of it; what was taken when something could not be had stays for the caller to let go. */
function take(server: ServerState, client: Client, { handle, path, opens }: FileEstate): boolean {
  const { settings, domains, locking } = server;
  const node = settings.filesystem.fromHandle(Buffer.from(handle, 'hex'));
  const domain = node.ok ? domains.find(node.value) : null;
  if (!node.ok || domain === null || !client.domainsAmong([domain]).includes(domain)) return false;
  for (const { owner, access, deny, locks } of opens) {
    const file = locking.files.of(node.value, domain, path);
    const kept =
      shareConflict(file, access, deny, null, client) === null &&
      locking.keepDescriptors(node.value, access).ok;
    if (!kept || locking.shares.take(file, access, deny).outcome !== 'taken') {
      if (kept) locking.dropDescriptors(node.value, access);
      locking.release(file);
      return false;
    }
    const open = locking.holdOpen(client, owner, file, { access, deny });
    const subject = { client: client.name, file: path, ...domains.labelOf(domain) };
    const mode = (access & SHARE_WRITE) !== 0 ? 'write' : 'read';
    tell(server, client, { op: 'open', ...subject, owner: ownerText(owner), mode });
    for (const each of locks) {
      const lock = locking.holdLock(locking.lockOwner(client, each.owner), open);
      for (const { start, end, mode } of each.ranges) {
        const span = { start, end };
        if (!settings.mutants.has('M21')) {
          const taken = settings.locks.lock(node.value, lock.owner.key, span, mode);
          if (taken.outcome !== 'granted') return false;
          taken.keep();
        }
        tell(server, client, {
          op: 'lock',
          ...subject,
          owner: lock.owner.name,
          mode,
          span: spanForHistory(span),
        });
      }
      locking.count(lock);
    }
  }
  return true;
}

const tell = ({ settings }: ServerState, { recordedAs }: Client, subject: Subject): void =>
  settings.observe({
    kind: 'node',
    event: 'adopted',
    ...subject,
    ...(recordedAs.service !== undefined && { peer: recordedAs.service }),
  });
