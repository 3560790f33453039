import type { ReferringCalls } from '../../nfs4/callbacks/cb-sequence.ts';
import type { Failure } from '../../nfs4/status.ts';
import type { Domains, LockDomain } from '../domains.ts';
import type { FileNode, Filesystem, LockTable } from '../filesystem/types.ts';
import { Shares } from '../marks/shares.ts';
import { type Observe, released, spanForHistory } from '../observation.ts';
import type { BootIdentity } from './boot-identity.ts';
import type { Client } from './clients.ts';
import { DelegationTable } from './delegation-table.ts';
import { Delegation, type DelegationKind } from './delegations.ts';
import { type FileState, FileTable } from './files.ts';
import { LockOwner, LockState } from './lock-owners.ts';
import { OpenState, ownerText, SHARE_READ, SHARE_WRITE } from './opens.ts';
import { type LockingState, StateidTable } from './stateids.ts';

/** No stateid has these. */
const NO_INDEX = 0;
const NO_OTHER = Buffer.alloc(0);

/**
 * Opens and byte-range locks of all clients of this node, with what they hold in the filesystem. Everything
 * here is synchronous: whoever asked a question may act on the answer before anybody else gets a turn.
 */
export class LockingTables {
  readonly files = new FileTable();
  /** What other nodes are shown of it. */
  readonly shares = new Shares();
  readonly delegations = new DelegationTable();
  readonly stateids: StateidTable;
  readonly #domains: Domains;
  readonly #filesystem: Filesystem;
  readonly #locks: LockTable;
  readonly #observe: Observe;
  readonly #ownerByKey = new Map<string, LockOwner>();

  constructor(identity: BootIdentity, domains: Domains, observe: Observe) {
    this.stateids = new StateidTable(identity);
    this.#domains = domains;
    this.#filesystem = domains.filesystem;
    this.#locks = domains.locks;
    this.#observe = observe;
  }

  /** The open that this owner has on the file. */
  findOpen(client: Client, owner: string, node: FileNode): OpenState | null {
    const file = this.files.find(node);
    if (file === undefined) return null;
    for (const open of file.opens) if (open.client === client && open.owner === owner) return open;
    return null;
  }

  /** A new open without any access yet; {@link OpenState.add} gives it some. */
  createOpen(client: Client, owner: string, node: FileNode, path: string): OpenState {
    const index = this.stateids.nextIndex(client);
    const file = this.files.of(node, this.#domains.of(node), path);
    const open = new OpenState(index, this.stateids.otherOf(index), client, owner, file);
    open.file.opens.add(open);
    client.opens.add(open);
    this.stateids.insert(open);
    return open;
  }

  /** An open that nobody has a stateid of: it is held for a client that has not come yet. The marks must be up, and the descriptors kept. */
  holdOpen(
    client: Client,
    owner: string,
    file: FileState,
    { access, deny }: Pick<OpenState, 'access' | 'deny'>,
  ): OpenState {
    const open = new OpenState(NO_INDEX, NO_OTHER, client, owner, file);
    open.add(access, deny);
    file.opens.add(open);
    client.opens.add(open);
    return open;
  }

  /** The same for the locks of an owner on its file. */
  holdLock(owner: LockOwner, open: OpenState): LockState {
    const lock = new LockState(NO_INDEX, NO_OTHER, owner, open);
    owner.states.set(open.file.node.key, lock);
    open.locks.add(lock);
    owner.client.locks += 1;
    return lock;
  }

  /** What `lock` is about is that owner's from now on, by an open of its own. The owner has no locks on that file. */
  passLock(lock: LockState, owner: LockOwner, open: OpenState): LockState {
    const { node } = lock.file;
    const passed = this.createLock(owner, open);
    this.#locks.passOn(node, lock.owner.key, owner.key);
    this.#forgetLock(lock);
    this.count(passed);
    return passed;
  }

  lockOwner(client: Client, owner: string): LockOwner {
    let known = client.lockOwners.get(owner);
    if (known === undefined) {
      known = new LockOwner(client, owner);
      client.lockOwners.set(owner, known);
      this.#ownerByKey.set(known.key, known);
    }
    return known;
  }

  /** Who is behind a key of the filesystem's lock table; null: nobody of this node. */
  ownerOfKey(key: string | undefined): LockOwner | null {
    return key === undefined ? null : (this.#ownerByKey.get(key) ?? null);
  }

  /** What this owner already has a lock stateid for, on the file of `open`. */
  findLock(client: Client, owner: string, open: OpenState): LockState | null {
    return client.lockOwners.get(owner)?.states.get(open.file.node.key) ?? null;
  }

  createLock(owner: LockOwner, open: OpenState): LockState {
    const index = this.stateids.nextIndex(owner.client);
    const lock = new LockState(index, this.stateids.otherOf(index), owner, open);
    owner.states.set(open.file.node.key, lock);
    open.locks.add(lock);
    owner.client.locks += 1;
    this.stateids.insert(lock);
    return lock;
  }

  /** To be called when its ranges have changed. */
  count(lock: LockState): void {
    const ranges = this.#locks.held(lock.file.node, lock.owner.key).length;
    lock.client.ranges += ranges - lock.ranges;
    lock.ranges = ranges;
  }

  /** For what an open is for. The marks must be up, and the descriptors kept. */
  createDelegation(open: OpenState, type: DelegationKind, givenIn: ReferringCalls | null): Delegation {
    const { client, file } = open;
    const index = this.stateids.nextIndex(client);
    const delegation = new Delegation(index, this.stateids.otherOf(index), open, givenIn, type);
    file.delegations.add(delegation);
    client.delegations.add(delegation);
    this.delegations.add(delegation);
    this.stateids.insert(delegation);
    return delegation;
  }

  /** DELEGRETURN. */
  returnDelegation(delegation: Delegation): void {
    this.#letGoDelegation(delegation);
    this.#forgetRevoking(delegation);
    this.stateids.remove(delegation);
  }

  /** Its record must be durably gone (I6). */
  revokeDelegation(delegation: Delegation, status: Failure): void {
    this.#letGoDelegation(delegation);
    delegation.revoked = status;
  }

  holdsLocks(lock: LockState): boolean {
    return this.#locks.held(lock.file.node, lock.owner.key).length > 0;
  }

  /** Ranges that a client holds, over all its owners and files. */
  lockCount(client: Client): number {
    let count = 0;
    for (const owner of client.lockOwners.values()) {
      for (const lock of owner.states.values()) count += this.#locks.held(lock.file.node, owner.key).length;
    }
    return count;
  }

  /** CLOSE: the open, and the locks that were taken through it. */
  close(open: OpenState): void {
    for (const lock of open.locks) this.freeLock(lock);
    this.#letGoOpen(open);
    this.stateids.remove(open);
  }

  /** Lets go of all ranges and forgets the stateid (FREE_STATEID, CLOSE). */
  freeLock(lock: LockState): void {
    this.#letGoLock(lock);
    this.stateids.remove(lock);
  }

  /** FREE_STATEID of something that was revoked: the client has acknowledged the loss. */
  acknowledge(state: LockingState): void {
    if (state.revoked === 0) throw new Error(`stateid ${state.index} was not revoked`);
    this.stateids.remove(state);
    if (state.kind === 'delegation' && state.revoking) state.client.revokedDelegations -= 1;
    else state.client.revoked -= 1;
  }

  /**
   * Takes everything that a client has in a domain; its stateids answer `status` from now on. Its record there must be
   * durably gone (I6).
   */
  revokeAll(client: Client, status: Failure, domain: LockDomain): void {
    for (const open of client.opens) {
      if (open.file.domain !== domain) continue;
      for (const lock of open.locks) {
        this.#letGoLock(lock);
        this.#revoke(lock, status);
      }
      this.#letGoOpen(open);
      this.#revoke(open, status);
    }
    for (const delegation of client.delegations) {
      if (delegation.file.domain !== domain) continue;
      this.#letGoDelegation(delegation);
      this.#forgetRevoking(delegation);
      this.#revoke(delegation, status);
    }
    if (!client.holdsState) this.#assertEmpty(client);
  }

  /** Lets go of what a client has in a domain that this node leaves. Its record stays. */
  dropIn(client: Client, domain: LockDomain): void {
    for (const open of client.opens) if (open.file.domain === domain) this.close(open);
    for (const delegation of client.delegations)
      if (delegation.file.domain === domain) this.returnDelegation(delegation);
  }

  /** Takes everything from a client that will not ask again. Its record must be durably gone (I6). */
  dropAll(client: Client): void {
    for (const open of client.opens) this.close(open);
    for (const delegation of client.delegations) this.returnDelegation(delegation);
    if (client.revoked > 0 || client.revokedDelegations > 0) this.#forgetRevoked(client);
    this.#assertEmpty(client);
  }

  /** Access bits that an open gains or loses keep or close the file's descriptor. */
  keepDescriptors(node: FileNode, access: number): ReturnType<Filesystem['open']> {
    if ((access & SHARE_READ) !== 0) {
      const read = this.#filesystem.open(node, 'read');
      if (!read.ok) return read;
    }
    if ((access & SHARE_WRITE) !== 0) {
      const write = this.#filesystem.open(node, 'write');
      if (!write.ok) {
        if ((access & SHARE_READ) !== 0) this.#filesystem.close(node, 'read');
        return write;
      }
    }
    return { ok: true, value: undefined };
  }

  dropDescriptors(node: FileNode, access: number): void {
    if ((access & SHARE_READ) !== 0) this.#filesystem.close(node, 'read');
    if ((access & SHARE_WRITE) !== 0) this.#filesystem.close(node, 'write');
  }

  /** Something that was had of a file is not any more: what the others see follows, and it is forgotten if nobody has anything. */
  release(file: FileState): void {
    this.shares.settle(file);
    this.files.dropIfUnused(file);
  }

  #letGoLock(lock: LockState): void {
    const { node } = lock.file;
    const { client, owner } = lock;
    const held = this.#locks.held(node, owner.key);
    this.#locks.releaseOwner(node, owner.key);
    for (const range of held) {
      this.#observe(
        released({
          op: 'lock',
          client: client.name,
          owner: owner.name,
          file: lock.file.path,
          ...this.#domains.labelOf(lock.file.domain),
          mode: range.mode,
          span: spanForHistory(range.span),
        }),
      );
    }
    this.#forgetLock(lock);
  }

  #forgetLock(lock: LockState): void {
    const { client, owner } = lock;
    client.locks -= 1;
    client.ranges -= lock.ranges;
    lock.ranges = 0;
    lock.open.locks.delete(lock);
    owner.states.delete(lock.file.node.key);
    if (owner.states.size > 0) return;
    client.lockOwners.delete(owner.owner);
    this.#ownerByKey.delete(owner.key);
  }

  #letGoOpen(open: OpenState): void {
    this.dropDescriptors(open.file.node, open.access);
    open.file.opens.delete(open);
    open.client.opens.delete(open);
    this.release(open.file);
    this.#observe(
      released({
        op: 'open',
        client: open.client.name,
        owner: ownerText(open.owner),
        file: open.file.path,
        ...this.#domains.labelOf(open.file.domain),
      }),
    );
  }

  #letGoDelegation(delegation: Delegation): void {
    const { file, client } = delegation;
    this.dropDescriptors(file.node, delegation.access);
    file.delegations.delete(delegation);
    client.delegations.delete(delegation);
    this.delegations.remove(delegation);
    this.release(file);
  }

  /** It goes in another way than was begun. */
  #forgetRevoking(delegation: Delegation): void {
    if (!delegation.revoking) return;
    delegation.revoking = false;
    delegation.client.revokedDelegations -= 1;
  }

  #revoke(state: LockingState, status: Failure): void {
    state.revoked = status;
    state.client.revoked += 1;
  }

  #forgetRevoked(client: Client): void {
    for (const state of this.stateids.all()) if (state.client === client) this.stateids.remove(state);
    client.revoked = 0;
    client.revokedDelegations = 0;
  }

  #assertEmpty(client: Client): void {
    if (client.holdsState || client.lockOwners.size > 0) {
      throw new Error(`client ${client.name} still holds state after all of it was taken`);
    }
  }
}
