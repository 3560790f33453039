/** What the clients of a service address hold at this node, when that is handed over as planned (estate.ts). */
import type { NodeId } from '../../core/ids.ts';
import type { ServerState } from '../server-state.ts';
import type { Client } from '../state/clients.ts';
import { SessionlessClient } from '../version-0/client.ts';
import type { ClientEstate, FileEstate } from './estate.ts';

/** Those whose all can be told: the others come and reclaim. Whether they are on record is the coordinator's to say. */
export function inventoryOf(server: ServerState, service: NodeId): ClientEstate[] {
  return [...server.clients.all()]
    .filter((client) => client.identity.service === service && isWhole(server, client))
    .map((client) => ({
      ownerId: client.identity.ownerId,
      principal: client.identity.principal,
      verifier: client.verifier.toString('hex'),
      files: filesOf(server, client),
    }));
}

/**
 * Nothing of it is on its way out, nor in the middle of being reclaimed. Whoever has a delegation is not: what it has opened and locked by
 * itself under that nobody else knows, so that it must come and say, before others may have it.
 */
function isWhole({ domains }: ServerState, client: Client): boolean {
  const { confirmed, standing, leaving, revoked, revokedDelegations, delegations, estate, lessee } = client;
  return (
    confirmed &&
    standing === 'live' &&
    leaving.size === 0 &&
    revoked === 0 &&
    revokedDelegations === 0 &&
    delegations.size === 0 &&
    estate === null &&
    lessee === client &&
    domains.all.every((domain) => client.recordedIn.has(domain)) &&
    !(client instanceof SessionlessClient && hasUnconfirmed(client))
  );
}

/** An open that is not confirmed may be a leftover of an earlier life of its owner (RFC 7530 section 9.1.11). */
const hasUnconfirmed = (client: SessionlessClient): boolean =>
  [...client.opens].some(({ owner }) => !client.openOwners.get(owner)?.confirmed);

function filesOf({ settings }: ServerState, { opens }: Client): FileEstate[] {
  const byFile = Map.groupBy(opens, ({ file }) => file);
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
