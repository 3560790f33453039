/** What the client knows of one file for one owner: the server's stateids, and what it may believe to hold. */

import type { Clock } from '../core/clock.ts';
import type { Stateid } from '../nfs4/types.ts';
import type { Delegation, DelegationKind } from './delegation.ts';
import { LockBelief } from './lock-belief.ts';
import { Turns } from './waiting.ts';

/** OPEN4_SHARE_ACCESS_READ, _WRITE, _BOTH. */
export type ShareAccess = 1 | 2 | 3;
/** OPEN4_SHARE_DENY_NONE, _READ, _WRITE, _BOTH. */
export type ShareDeny = 0 | 1 | 2 | 3;

export class FileState {
  readonly owner: string;
  /** Relative to the export's root, without a leading slash. */
  readonly path: string;
  readonly locks = new LockBelief();
  /** Operations that change stateids, one at a time. */
  readonly turns: Turns;
  /** Survives reboots: file handles are persistent (FH4_PERSISTENT). */
  handle: Buffer | null = null;
  /** What was opened for last; what is reclaimed. */
  access: ShareAccess = 1;
  /** With it; reclaimed with it. */
  deny: ShareDeny = 0;
  openStateid: Stateid | null = null;
  /** Exists from the first LOCK on; one for all ranges of this owner (RFC 8881 section 9.1.4). */
  lockStateid: Stateid | null = null;
  /** Asked for with the next open; as a rule none is. */
  delegationWish: DelegationKind | null = null;
  delegation: Delegation | null = null;
  /** The server lost the open and may give it back. */
  reclaimPending = false;
  /** A CLOSE was sent: whether or not it got through, the open is not to be reclaimed. */
  closing = false;

  constructor(clock: Clock, owner: string, path: string) {
    this.owner = owner;
    this.path = path;
    this.turns = new Turns(clock);
  }

  /**
   * The server has a new life and knows no stateid of the old one. What was open is to be reclaimed,
   * and with it the locks that are believed to be held; this may happen again before that is done.
   */
  serverForgot(): void {
    this.reclaimPending = !this.closing && (this.reclaimPending || this.openStateid !== null);
    this.openStateid = null;
    this.lockStateid = null;
    // It is reclaimed with an open, or not at all; one that is on its way back is not.
    if (!this.reclaimPending || this.delegation?.gone) this.loseDelegation();
  }

  /**
   * A reply that was lost may have carried a newer seqid than ours. Seqid 0 stands for the latest one,
   * whatever that is (RFC 8881 section 8.2.2); the next reply has it.
   */
  resynchronise(): void {
    const latest = (stateid: Stateid | null) => stateid && { ...stateid, seqid: 0 };
    this.openStateid = latest(this.openStateid);
    this.lockStateid = latest(this.lockStateid);
  }

  /** The client was told that the server has it no more. */
  loseDelegation(): void {
    this.delegation?.end();
    this.delegation = null;
  }

  /** The server holds nothing of it any more: closed, or the open was lost. The next use opens it anew. */
  forgetOpen(): void {
    this.reclaimPending = false;
    this.openStateid = null;
    this.lockStateid = null;
  }
}

/** The directories on the way, and the name in the last of them. */
export function splitPath(path: string): { directories: string[]; name: string } {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const name = parts.pop();
  if (name === undefined || name === '..' || parts.includes('..')) {
    throw new RangeError(`"${path}" does not name a file below the export's root`);
  }
  return { directories: parts, name };
}
