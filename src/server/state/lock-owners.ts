import type { Failure } from '../../nfs4/status.ts';
import type { Client } from './clients.ts';
import type { FileState } from './files.ts';
import type { OpenState } from './opens.ts';

/** A lock owner of a client. */
export class LockOwner {
  readonly client: Client;
  /** `lock_owner4.owner` in hex. */
  readonly owner: string;
  /** What the filesystem's lock table knows this owner by; unique within this process. */
  readonly key: string;
  /** For people to read. */
  readonly name: string;
  /** By the key of the file. */
  readonly states = new Map<string, LockState>();

  constructor(client: Client, owner: string) {
    this.client = client;
    this.owner = owner;
    this.key = lockOwnerKey(client, owner);
    this.name = Buffer.from(owner, 'hex').toString('utf8');
  }
}

export const lockOwnerKey = (client: Client, owner: string): string => `${client.index}:${owner}`;

/** One (lock owner, file): what LOCK gives a stateid for. */
export class LockState {
  readonly kind = 'lock';
  readonly index: number;
  readonly other: Buffer;
  readonly owner: LockOwner;
  readonly client: Client;
  readonly file: FileState;
  /** The open that it was made from and goes with. */
  readonly open: OpenState;
  seqid = 0;
  /** Not 0: it is gone, and this is the status that says why (row 22). */
  revoked: Failure | 0 = 0;
  /** Byte ranges that it holds, as they were counted last. */
  ranges = 0;

  constructor(index: number, other: Buffer, owner: LockOwner, open: OpenState) {
    this.index = index;
    this.other = other;
    this.owner = owner;
    this.client = owner.client;
    this.file = open.file;
    this.open = open;
  }
}
