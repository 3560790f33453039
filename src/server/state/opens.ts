import type { Failure } from '../../nfs4/status.ts';
import type { Client } from './clients.ts';
import type { FileState } from './files.ts';
import type { LockState } from './lock-owners.ts';

/** OPEN4_SHARE_ACCESS_READ and _WRITE, also OPEN4_SHARE_DENY_READ and _WRITE (RFC 8881 section 18.16.1). */
export const SHARE_READ = 1;
export const SHARE_WRITE = 2;
export const SHARE_BOTH = 3;

/** One (open owner, file) of a client: what OPEN gives a stateid for. */
export class OpenState {
  readonly kind = 'open';
  /** Of its stateid. */
  readonly index: number;
  readonly other: Buffer;
  readonly client: Client;
  /** `open_owner4.owner` in hex. */
  readonly owner: string;
  readonly file: FileState;
  /** Whose rights were asked for when it was opened last. */
  principal = '';
  /** 1 to 2^32-1, raised by every operation that changes the open. */
  seqid = 0;
  /** Not 0: it is gone, and this is the status that says why (row 22). */
  revoked: Failure | 0 = 0;
  access = 0;
  deny = 0;
  /** One per (file, lock owner). */
  readonly locks = new Set<LockState>();
  /** The OPENs in effect, as access << 2 | deny: OPEN_DOWNGRADE may only go back to a union of these. */
  readonly #granted = new Set<number>();

  constructor(index: number, other: Buffer, client: Client, owner: string, file: FileState) {
    this.index = index;
    this.other = other;
    this.client = client;
    this.owner = owner;
    this.file = file;
  }

  /** Adds an OPEN of the same owner. The file must have been asked for conflicts before. */
  add(access: number, deny: number): void {
    this.access |= access;
    this.deny |= deny;
    this.#granted.add((access << 2) | deny);
  }

  /** Is this the union of some of the OPENs in effect (RFC 8881 section 18.18.3)? */
  canDowngrade(access: number, deny: number): boolean {
    let reachable = 0;
    for (const granted of this.#granted) {
      if (((granted >> 2) & ~access) === 0 && (granted & SHARE_BOTH & ~deny) === 0) reachable |= granted;
    }
    return reachable === ((access << 2) | deny);
  }

  /** Forgets the OPENs that do not fit any more. */
  downgrade(access: number, deny: number): void {
    for (const granted of this.#granted) {
      if (((granted >> 2) & ~access) !== 0 || (granted & SHARE_BOTH & ~deny) !== 0)
        this.#granted.delete(granted);
    }
    this.access = access;
    this.deny = deny;
  }
}

/** Do two share reservations exclude each other (RFC 8881 section 9.7)? */
export const sharesConflict = (access: number, deny: number, heldAccess: number, heldDeny: number): boolean =>
  (access & heldDeny) !== 0 || (deny & heldAccess) !== 0;

/** An owner as people see it in histories. */
export const ownerText = (ownerHex: string): string => Buffer.from(ownerHex, 'hex').toString('utf8');
