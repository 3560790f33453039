import type { ServerState } from './server-state.ts';
import type { Client } from './state/clients.ts';

/**
 * Is there room for one more client id? Somebody who introduces himself again and again under new names must keep nobody out, so what costs
 * nobody anything goes first: client ids that nobody has confirmed (whose owners begin anew: STALE_CLIENTID), then those of clients that have been silent
 * for longer than a lease and live by our courtesy, without state before those with (their records first, I6). Only where all are alive the new one waits: DELAY.
 */
export function admitsClient({ clients, leases, settings }: ServerState): boolean {
  const { limits } = settings;
  if (clients.unconfirmed >= limits.unconfirmedClients) clients.dropOldestUnconfirmed();
  if (clients.size < limits.clients || clients.dropOldestUnconfirmed()) return true;
  const longestSilent = [...clients.all()].filter((client) => isDispensable(client) && leases.lapsed(client));
  const [first] = longestSilent.sort((a, b) => rank(a) - rank(b) || a.renewedAtMs - b.renewedAtMs);
  // There is room when its records are gone.
  if (first !== undefined) void leases.discard(first);
  return false;
}

/** Somebody is at it already otherwise. */
const isDispensable = (client: Client): boolean =>
  client.confirmed && client.lessee === client && client.standing === 'live' && client.leaving.size === 0;

const rank = (client: Client): number => (client.mayLoseState ? 1 : 0);
