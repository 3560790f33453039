import type { ReferringCalls } from '../../nfs4/callbacks/cb-sequence.ts';
import type { Failure } from '../../nfs4/status.ts';
import type { HoldersWord } from '../delegations/holders-word.ts';
import { READ_DELEGATION, WRITE_DELEGATION } from '../marks/kinds.ts';
import type { Client } from './clients.ts';
import type { FileState } from './files.ts';
import { type OpenState, SHARE_BOTH, SHARE_READ, SHARE_WRITE } from './opens.ts';

/** `read`: nobody else writes. `write`: nobody else has anything of the file. */
export type DelegationKind = 'read' | 'write';

/** A client's right to deal with a file by itself until it is called back (RFC 8881 section 10.4). */
export class Delegation {
  readonly kind = 'delegation';
  /** Of its stateid. */
  readonly index: number;
  readonly other: Buffer;
  readonly client: Client;
  readonly file: FileState;
  readonly type: DelegationKind;
  /** The request that it was given in: its reply may still be on its way when it is recalled. */
  readonly givenIn: ReferringCalls | null;
  /** Whose rights were asked for when it was given. */
  readonly principal: string;
  seqid = 0;
  /** Not 0: it is gone, and this is the status that says why (row 22). */
  revoked: Failure | 0 = 0;
  /** The change attribute that the client was given the file with; null: not known, or nothing that it may change. */
  changeWhenGiven: bigint | null = null;
  /** It is being asked what it has changed. */
  asked: Promise<HoldersWord | null> | null = null;
  /** It was asked back. */
  recalled = false;
  /** The client did not give it back in time; its record is being withdrawn, then it goes. */
  revoking = false;

  constructor(
    index: number,
    other: Buffer,
    { client, file, principal }: OpenState,
    givenIn: ReferringCalls | null,
    type: DelegationKind,
  ) {
    this.index = index;
    this.other = other;
    this.client = client;
    this.file = file;
    this.principal = principal;
    this.givenIn = givenIn;
    this.type = type;
  }

  /** Share access that its stateid is good for. */
  get access(): number {
    return this.type === 'write' ? SHARE_BOTH : SHARE_READ;
  }

  get mark(): number {
    return markOf(this.type);
  }

  /** Does somebody else's open stand against it? */
  conflictsWith(access: number, deny: number): boolean {
    return this.type === 'write' || (access & SHARE_WRITE) !== 0 || (deny & SHARE_READ) !== 0;
  }
}

export const markOf = (type: DelegationKind): number =>
  type === 'write' ? WRITE_DELEGATION : READ_DELEGATION;
