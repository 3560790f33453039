import type { Caller } from '../caller.ts';
import type { ClientIdentity } from '../coordination.ts';

/**
 * Who a client of version 4.0 is to the record store. The same owner string may be used in 4.0 and in 4.1, by one machine that mounts
 * twice or by two that do not know of each other, so they must be two clients there too. Were they one, then: the lease of the 4.0 client
 * runs out, and its lock goes to B, its record first (I6). The 4.1 client sends RECLAIM_COMPLETE, and a record is there again. B gives the
 * lock back; restart; the 4.0 client reclaims what it lost: edge condition 1 (RFC 7530 section 9.6.3.4). A record is bound to
 * owner id and principal, and the owner id may already be as long as the protocol lets it be; so it is the principal that says which.
 */
export const identityOf = (ownerId: string, caller: Caller): ClientIdentity => ({
  ownerId,
  principal: `4.0 ${caller.principal}`,
  ...(caller.service !== undefined && { service: caller.service }),
});
