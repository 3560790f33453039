import type { ServerState } from '../server-state.ts';
import type { SessionlessClient } from './client.ts';
import type { OpenOwner } from './open-owner.ts';

/**
 * Once in a while: forgets owners that nobody has used for a lease (RFC 7530 section 9.1.10 lets it), and opens that nobody confirmed
 * for as long. A CLOSE repeated after that is BAD_STATEID, an OPEN has to be confirmed anew: nothing is done twice.
 */
export function tidyOwners(server: ServerState, client: SessionlessClient): void {
  // It waits for our store: that is no idleness of its own.
  if (client.inFlight > 0 || client.leaving.size > 0) return;
  const unusedSinceMs = server.settings.clock.nowMs() - server.settings.leaseMs;
  for (const owner of client.openOwners.values()) {
    if (owner.usedAtMs > unusedSinceMs) continue;
    if (!owner.confirmed || owner.opens().length === 0) forgetOwner(server, client, owner);
  }
  client.tidyLockSequences();
}

/** The owner, and what it has open but did not confirm. */
export function forgetOwner(server: ServerState, client: SessionlessClient, owner: OpenOwner): void {
  for (const open of owner.opens()) server.locking.close(open);
  client.openOwners.delete(owner.name);
  client.forgetClosed(owner);
}
