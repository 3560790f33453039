/** All rows of the reclaim rules, and the tests of each. */
import type { RowTest } from '../row-test.ts';
import { AFTER_RESTART } from './after-restart.ts';
import { CLIENT_IDS } from './client-ids.ts';
import { CLUSTER } from './cluster.ts';
import { EDGE_CONDITIONS } from './edge-conditions.ts';
import { GRACE_LENGTH } from './grace-length.ts';
import { LEASES } from './leases.ts';
import { MOVED_FILESYSTEM } from './moved-filesystem.ts';
import { NAMES_IN_GRACE } from './names-in-grace.ts';
import { RECLAIM_COMPLETE } from './reclaim-complete.ts';
import { IN_VERSION_0 } from './version-0.ts';
import { WHO_RECLAIMS } from './who-reclaims.ts';

/** In a few words, by number. */
export const RULES: ReadonlyMap<number, string> = new Map([
  [1, 'an old session after a restart: BADSESSION'],
  [2, 'CREATE_SESSION with an old client id: STALE_CLIENTID'],
  [3, 'EXCHANGE_ID and CREATE_SESSION during grace: as always'],
  [4, 'new OPEN or LOCK during grace: GRACE'],
  [5, 'READ and WRITE with reclaimed state during grace'],
  [6, 'new state before RECLAIM_COMPLETE, even after grace: GRACE'],
  [7, 'a recorded client reclaims during grace'],
  [8, 'a reclaim after RECLAIM_COMPLETE: NO_GRACE'],
  [9, 'a reclaim outside grace: NO_GRACE'],
  [10, 'a reclaim without a record: NO_GRACE or RECLAIM_BAD'],
  [11, "an OPEN against another's reclaim: RECLAIM_CONFLICT"],
  [12, 'a reclaim gets no more than a normal request'],
  [13, 'a second RECLAIM_COMPLETE: COMPLETE_ALREADY'],
  [14, 'RECLAIM_COMPLETE of one filesystem'],
  [15, 'early end of grace, else not before a lease'],
  [16, 'a shorter lease: grace as long as the old one'],
  [17, 'edge condition 1: NO_GRACE'],
  [18, 'edge condition 2: NO_GRACE'],
  [19, 'what a record holds'],
  [20, 'records missing or corrupt: NO_GRACE'],
  [21, 'an expired lease: all state goes at a conflict'],
  [22, 'revoked stateids: EXPIRED until FREE_STATEID'],
  [23, 'a restarted client: its state goes at CREATE_SESSION'],
  [24, 'the same client again: the same id, CONFIRMED_R'],
  [25, 'another principal: CLID_INUSE'],
  [26, "another principal with a recorded owner's id: refused"],
  [27, 'server scope and owner'],
  [28, 'an address that moved: BADSESSION, STALE_CLIENTID, reclaim'],
  [29, 'a filesystem that moved: MOVED'],
  [30, 'reclaim at the destination of a migration'],
  [31, 'reclaims extend grace, two leases at most'],
  [32, 'the end of grace is durable before new grants'],
  [33, 'version 4.0'],
  [34, 'a stale stateid: BAD_STATEID'],
  [35, "a LOCK against another's reclaim: RECLAIM_CONFLICT"],
  [36, 'REMOVE and RENAME during grace: GRACE'],
]);

export const TESTS: readonly RowTest[] = [
  ...AFTER_RESTART,
  ...RECLAIM_COMPLETE,
  ...WHO_RECLAIMS,
  ...GRACE_LENGTH,
  ...EDGE_CONDITIONS,
  ...LEASES,
  ...CLIENT_IDS,
  ...CLUSTER,
  ...MOVED_FILESYSTEM,
  ...IN_VERSION_0,
  NAMES_IN_GRACE,
];
