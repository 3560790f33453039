/** What the clients of a service address, or those in a filesystem, hold at this node when that is handed over as planned (estate.ts). */
import type { NodeId } from '../../core/ids.ts';
import type { LockDomain } from '../domains.ts';
import type { ServerState } from '../server-state.ts';
import type { Client } from '../state/clients.ts';
import { SessionlessClient } from '../version-0/client.ts';
import type { ClientEstate, FileEstate } from './estate.ts';

/** Those whose all can be told: the others come and reclaim. Whether they are on record is the coordinator's to say. */
export function inventoryOf(server: ServerState, service: NodeId): ClientEstate[] {
  const { all } = server.domains;
  return [...server.clients.all()]
    .filter((client) => client.identity.service === service && isWhole(client, all))
    .map((client) => estateOf(server, client, all));
}

/** The same of what this node's own clients hold in the filesystem of a domain. Of version 4.0 nobody: what they do not ask for at the taker could only be guessed. */
export function inventoryIn(server: ServerState, domain: LockDomain): ClientEstate[] {
  return [...server.clients.all()]
    .filter((client) => client.hasSessions && isWhole(client, [domain]))
    .map((client) => estateOf(server, client, [domain]));
}

const estateOf = (server: ServerState, client: Client, domains: readonly LockDomain[]): ClientEstate => ({
  ownerId: client.identity.ownerId,
  principal: client.identity.principal,
  verifier: client.verifier.toString('hex'),
  files: filesOf(server, client, domains),
});

/**
 * Nothing of it is on its way out, nor in the middle of being reclaimed. Whoever has a delegation is not: what it has opened and locked by
 * itself under that nobody else knows, so that it must come and say, before others may have it.
 */
function isWhole(client: Client, domains: readonly LockDomain[]): boolean {
  const { confirmed, standing, leaving, revoked, revokedDelegations, delegations, estate, lessee } = client;
  return (
    confirmed &&
    standing === 'live' &&
    leaving.size === 0 &&
    revoked === 0 &&
    revokedDelegations === 0 &&
    ![...delegations].some(({ file }) => domains.includes(file.domain)) &&
    estate === null &&
    lessee === client &&
    domains.every((domain) => client.recordedIn.has(domain)) &&
    !(client instanceof SessionlessClient && hasUnconfirmed(client))
  );
}

/** An open that is not confirmed may be a leftover of an earlier life of its owner (RFC 7530 section 9.1.11). */
const hasUnconfirmed = (client: SessionlessClient): boolean =>
  [...client.opens].some(({ owner }) => !client.openOwners.get(owner)?.confirmed);

function filesOf({ settings }: ServerState, { opens }: Client, domains: readonly LockDomain[]): FileEstate[] {
  const there = [...opens].filter(({ file }) => domains.includes(file.domain));
  const byFile = Map.groupBy(there, ({ file }) => file);
  return Array.from(byFile, ([{ node, path }, ofFile]) => ({
    handle: settings.filesystem.handleOf(node).toString('hex'),
    path,
    opens: ofFile.map(({ owner, access, deny, locks }) => ({
      owner,
      access,
      deny,
      locks: Array.from(locks, (lock) => ({
        owner: lock.owner.owner,
        ranges: settings.locks.held(node, lock.owner.key).map(({ span, mode }) => ({ ...span, mode })),
      })),
    })),
  }));
}
