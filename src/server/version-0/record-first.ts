import type { LockDomain } from '../domains.ts';
import type { ServerState } from '../server-state.ts';
import type { SessionlessClient } from './client.ts';

/** What an operation is about to give. */
type Gift = 'new-state' | 'reclaim';

/**
 * I6 in version 4.0: the record is durable before the first confirmed open is answered OK, a reclaimed one included; never when the client id is
 * confirmed (row 18). Waiting for it comes before the operation and its seqid, so that what the operation does is done in one turn.
 * In 4.1 the client is told DELAY meanwhile; here that would cost it a seqid, and the lock a second.
 *
 * @returns null: there is nothing to wait for, whatever the operation will be answered
 */
export function recordFirst(
  server: ServerState,
  client: SessionlessClient,
  domain: LockDomain,
  gift: Gift,
): Promise<unknown> | null {
  if (client.recordedIn.has(domain)) return null;
  const { grants, records } = server;
  // Whoever gets nothing gets no record either.
  const refusal = gift === 'reclaim' ? grants.reclaim(client, domain) : grants.newState(client, domain);
  if (refusal !== null) return null;
  client.inFlight += 1;
  return records.write(client, domain).finally(() => {
    client.inFlight -= 1;
  });
}
