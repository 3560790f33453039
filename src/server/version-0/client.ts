import type { NetAddress } from '../../nfs4/types.ts';
import type { DialledPath, DialledTerms } from '../callbacks/dialled-path.ts';
import type { ClientIdentity } from '../coordination.ts';
import type { LockDomain } from '../domains.ts';
import { Client, ownerKeyOf as ownerKeyAmongAll } from '../state/clients.ts';
import type { StateidBlocks } from '../state/stateid-blocks.ts';
import type { OpenOwner } from './open-owner.ts';
import type { OwnerSequence } from './owner-sequence.ts';

/** What SETCLIENTID gave and SETCLIENTID_CONFIRM is to name. */
export interface Introduction {
  /** `setclientid_confirm` */
  readonly confirm: Buffer;
  /** Where it says that it can be called. */
  readonly location: NetAddress;
  /** Null: not in a way that we would use. */
  readonly callback: DialledTerms | null;
}

/**
 * A client of version 4.0: no sessions, no RECLAIM_COMPLETE, no FREE_STATEID. Its requests are ordered by the seqids of its
 * owners, and what it lost it learns from EXPIRED, whereupon it introduces itself anew; so nothing is left of an expired one.
 */
export class SessionlessClient extends Client {
  /** As it was confirmed last. */
  introduction: Introduction;
  /** The same instance has introduced itself again, to be called back elsewhere, and has not confirmed that. */
  update: Introduction | null = null;
  /** To where it said that it can be called when it was confirmed last. */
  #path: DialledPath | null = null;
  /** By owner in hex. */
  readonly openOwners = new Map<string, OpenOwner>();
  /** By lock owner in hex; only those that have a lock stateid count ({@link lockSequenceOf}). */
  readonly #lockSequences = new Map<string, OwnerSequence>();
  /** Opens that are closed, the newest of each owner: a CLOSE that comes again names one, and nothing else tells whose it was. */
  readonly #closed = new Map<number, OpenOwner>();
  readonly #blocks: StateidBlocks;

  constructor(
    identity: ClientIdentity,
    verifier: Buffer,
    introduction: Introduction,
    ids: { readonly clientId: bigint; readonly index: number; readonly blocks: StateidBlocks },
    nowMs: number,
  ) {
    super(identity, verifier, ids.clientId, ids.index, nowMs);
    this.introduction = introduction;
    this.#blocks = ids.blocks;
  }

  override get hasSessions(): boolean {
    return false;
  }

  /** Row 6 is about RECLAIM_COMPLETE. Here new state is refused during grace, and that the coordinator says. */
  override mayHaveNewStateIn(): boolean {
    return true;
  }

  /** Row 8 neither: it reclaims for as long as there is grace for it. */
  override mayReclaimIn(): boolean {
    return true;
  }

  /** Seen to before an operation begins (record-first.ts), since an open that is not confirmed yet needs none. */
  override lacksRecordIn(): boolean {
    return false;
  }

  /** Since its first confirmed open, for as long as it has anything (I6). */
  override isOwedRecordIn(domain: LockDomain): boolean {
    if (this.recordedIn.has(domain)) return false;
    for (const { file, owner } of this.opens)
      if (file.domain === domain && this.openOwners.get(owner)?.confirmed) return true;
    for (const { file } of this.delegations) if (file.domain === domain) return true;
    return false;
  }

  /** To be called now, or to be tried again. */
  override get callbackPath(): DialledPath | null {
    return this.#path;
  }

  /** The client is called by this way from now on. Null: by none. */
  takePath(path: DialledPath | null): void {
    this.#path?.close();
    this.#path = path;
  }

  /** Not before OPEN_CONFIRM: the open may be a leftover of an earlier life of the owner, and nobody would know of the delegation. */
  override mayBeDelegatedTo(owner: string): boolean {
    return this.openOwners.get(owner)?.confirmed ?? false;
  }

  /** One owner string may be used in both versions, by one machine or by two: they are different clients (principal.ts). */
  override get ownerKey(): string {
    return ownerKeyOf(this.identity);
  }

  override leaveTables(): void {
    super.leaveTables();
    this.takePath(null);
    this.#blocks.release(this);
  }

  /** The newest CLOSE of this owner ended the open with this stateid. */
  keepClosed(index: number, owner: OpenOwner): void {
    this.forgetClosed(owner);
    owner.closed = index;
    this.#closed.set(index, owner);
  }

  closedBy(index: number): OpenOwner | null {
    return this.#closed.get(index) ?? null;
  }

  forgetClosed(owner: OpenOwner): void {
    if (owner.closed !== null) this.#closed.delete(owner.closed);
    owner.closed = null;
  }

  /** Null: a lock owner without any lock stateid, whose next request may have any seqid (RFC 7530 section 9.1.10). */
  lockSequenceOf(owner: string): OwnerSequence | null {
    if (this.lockOwners.has(owner)) return this.#lockSequences.get(owner) ?? null;
    this.#lockSequences.delete(owner);
    return null;
  }

  keepLockSequence(owner: string, sequence: OwnerSequence): void {
    this.#lockSequences.set(owner, sequence);
  }

  /** Forgets the sequences of lock owners that have no lock stateid any more. */
  tidyLockSequences(): void {
    for (const owner of this.#lockSequences.keys()) this.lockSequenceOf(owner);
  }
}

/** What the owner id of a client of this version is called among those of all versions. */
export const ownerKeyOf = (identity: Pick<ClientIdentity, 'ownerId' | 'service'>): string =>
  `4.0 ${ownerKeyAmongAll(identity)}`;
