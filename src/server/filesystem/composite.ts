import { Branch, fileIn, inBranch, type TreeMember } from './branch.ts';
import { COMPOSITE_EXTENTS, COMPOSITE_XATTRS } from './composite-files.ts';
import { DOMAIN_TAG_BYTES } from './handle.ts';
import { checkName } from './names.ts';
import { PSEUDO_FSID, PseudoRoot } from './pseudo-root.ts';
import { type FsResult, failed } from './result.ts';
import type {
  Access,
  Created,
  CreateHow,
  Credentials,
  DirectoryChange,
  DirectoryPage,
  FileNode,
  Filesystem,
  FsAttributes,
  FsSpace,
  InitialAttributes,
  Permissions,
  SetAttributesOutcome,
  SettableAttributes,
  Stability,
} from './types.ts';

const READ_ONLY = failed('EROFS');

/**
 * Several filesystems under one read-only pseudo root, for a node that serves several lock domains. It adds no
 * call of the system to what the member does.
 *
 * A handle is the member's own, sealed with the key of its domain, behind 8 bytes that say whose it is. Those are a
 * hash of the domain's name: a place in a list would mean another domain as soon as the list is written in
 * another order. Nothing hangs on their secrecy. Whoever changes them gets a handle that another key has sealed
 * (EBADHANDLE), provided that no two domains have one key, which is why the fsids, drawn from the keys, are compared here.
 */
export class CompositeFilesystem implements Filesystem {
  /** A constant: what cookies mean depends on each member's key alone, and a handle does not outlive its key. */
  readonly cookieVerifier = Buffer.from('composit');
  readonly enforcesRights: boolean;
  readonly extents = COMPOSITE_EXTENTS;
  readonly xattrs = COMPOSITE_XATTRS;
  readonly #root: PseudoRoot;
  readonly #byName = new Map<string, Branch>();
  readonly #byTag = new Map<bigint, Branch>();

  /** @throws Error, one sentence for the operator, when the members cannot be told apart */
  constructor(members: readonly TreeMember[]) {
    const fsids = new Map([[fsidText(PSEUDO_FSID), 'the root']]);
    for (const [index, member] of members.entries()) {
      const branch = new Branch(member, index);
      const { name } = member;
      const tag = branch.tag.readBigUInt64BE(0);
      if (!checkName(name).ok) throw new Error(`${JSON.stringify(name)} cannot be the name of a directory`);
      if (this.#byTag.has(tag)) throw new Error(`two domains cannot both be told by the name ${name}`);
      const root = member.filesystem.attributes(member.filesystem.root());
      if (!root.ok) throw new Error(`the export of domain ${name} cannot be read: ${root.errno}`);
      const fsid = fsidText(root.value.fsid);
      const twin = fsids.get(fsid);
      if (twin !== undefined) throw new Error(`domain ${name} has the same handle key as ${twin}`);
      fsids.set(fsid, name);
      this.#byName.set(name, branch);
      this.#byTag.set(tag, branch);
    }
    this.#root = new PseudoRoot([...this.#byName.keys()]);
    this.enforcesRights = members.every(({ filesystem }) => filesystem.enforcesRights === true);
  }

  isReadOnly(node: FileNode): boolean {
    const at = inBranch(node);
    return at === null || at.branch.filesystem.isReadOnly?.(at.inner) === true;
  }

  /** Place in the list of members; null: the pseudo root, which is no member's. */
  memberOf(node: FileNode): number | null {
    return inBranch(node)?.branch.index ?? null;
  }

  root(): FileNode {
    return this.#root.node;
  }

  fromHandle(handle: Buffer): FsResult<FileNode> {
    if (handle.length <= DOMAIN_TAG_BYTES) return failed('EBADHANDLE');
    if (handle.equals(this.#root.handle)) return { ok: true, value: this.#root.node };
    const branch = this.#byTag.get(handle.readBigUInt64BE(0));
    if (branch === undefined) return failed('EBADHANDLE');
    return wrapped(branch, branch.filesystem.fromHandle(handle.subarray(DOMAIN_TAG_BYTES)));
  }

  handleOf(node: FileNode): Buffer {
    const at = inBranch(node);
    if (at === null) return this.#root.handle;
    at.handle ??= Buffer.concat([at.branch.tag, at.branch.filesystem.handleOf(at.inner)]);
    return at.handle;
  }

  lookup(dir: FileNode, name: string): FsResult<FileNode> {
    const at = inBranch(dir);
    if (at !== null) return wrapped(at.branch, at.branch.filesystem.lookup(at.inner, name));
    const good = checkName(name);
    if (!good.ok) return good;
    const branch = this.#byName.get(name);
    return branch === undefined
      ? failed('ENOENT')
      : { ok: true, value: branch.nodeOf(branch.filesystem.root()) };
  }

  parent(dir: FileNode): FsResult<FileNode> {
    const at = inBranch(dir);
    if (at === null) return failed('ENOENT');
    if (at.branch.isRoot(at.inner)) return { ok: true, value: this.#root.node };
    return wrapped(at.branch, at.branch.filesystem.parent(at.inner));
  }

  attributes(node: FileNode): FsResult<FsAttributes> {
    const at = inBranch(node);
    if (at === null) return { ok: true, value: this.#root.attributes };
    const found = at.branch.filesystem.attributes(at.inner);
    if (!found.ok || !at.branch.isRoot(at.inner)) return found;
    return { ok: true, value: { ...found.value, mountedOnFileid: at.branch.entryNumber } };
  }

  setAttributes(node: FileNode, attributes: SettableAttributes): SetAttributesOutcome {
    const at = inBranch(node);
    if (at === null) return { applied: [], errno: READ_ONLY.errno };
    return at.branch.filesystem.setAttributes(at.inner, attributes);
  }

  permissions(node: FileNode, who: Credentials): FsResult<Permissions> {
    const at = inBranch(node);
    if (at !== null) return at.branch.filesystem.permissions(at.inner, who);
    return { ok: true, value: { read: true, write: false, execute: true, owner: who.uid === 0 } };
  }

  space(node: FileNode): FsResult<FsSpace> {
    const at = inBranch(node);
    return at === null ? { ok: true, value: this.#root.space } : at.branch.filesystem.space(at.inner);
  }

  open(node: FileNode, access: Access): FsResult<void> {
    const at = fileIn(node);
    return at.branch.filesystem.open(at.inner, access);
  }

  close(node: FileNode, access: Access): void {
    const at = fileIn(node);
    at.branch.filesystem.close(at.inner, access);
  }

  read(node: FileNode, offset: bigint, count: number): ReturnType<Filesystem['read']> {
    const at = fileIn(node);
    return at.branch.filesystem.read(at.inner, offset, count);
  }

  write(node: FileNode, offset: bigint, data: Buffer, stability: Stability): ReturnType<Filesystem['write']> {
    const at = fileIn(node);
    return at.branch.filesystem.write(at.inner, offset, data, stability);
  }

  commit(node: FileNode): FsResult<void> {
    const at = fileIn(node);
    return at.branch.filesystem.commit(at.inner);
  }

  create(dir: FileNode, name: string, how: CreateHow): FsResult<Created> {
    return make(dir, (filesystem, at) => filesystem.create(at, name, how));
  }

  makeDirectory(dir: FileNode, name: string, attributes?: InitialAttributes): FsResult<Created> {
    return make(dir, (filesystem, at) => filesystem.makeDirectory(at, name, attributes));
  }

  makeSymlink(
    dir: FileNode,
    name: string,
    target: string,
    attributes?: InitialAttributes,
  ): FsResult<Created> {
    return make(dir, (filesystem, at) => filesystem.makeSymlink(at, name, target, attributes));
  }

  makeSpecial(
    dir: FileNode,
    name: string,
    type: 'fifo' | 'socket' | 'block' | 'character',
    device: { readonly major: number; readonly minor: number },
    attributes?: InitialAttributes,
  ): FsResult<Created> {
    return make(dir, (filesystem, at) => filesystem.makeSpecial(at, name, type, device, attributes));
  }

  link(node: FileNode, dir: FileNode, name: string): FsResult<DirectoryChange> {
    const to = inBranch(dir);
    if (to === null) return READ_ONLY;
    const from = inBranch(node);
    if (from === null || from.branch !== to.branch) return failed('EXDEV');
    return to.branch.filesystem.link(from.inner, to.inner, name);
  }

  readLink(node: FileNode): FsResult<string> {
    const at = fileIn(node);
    return at.branch.filesystem.readLink(at.inner);
  }

  remove(dir: FileNode, name: string): FsResult<DirectoryChange> {
    const at = inBranch(dir);
    return at === null ? READ_ONLY : at.branch.filesystem.remove(at.inner, name);
  }

  rename(
    fromDir: FileNode,
    fromName: string,
    toDir: FileNode,
    toName: string,
  ): ReturnType<Filesystem['rename']> {
    const from = inBranch(fromDir);
    const to = inBranch(toDir);
    if (from === null || to === null) return READ_ONLY;
    if (from.branch !== to.branch) return failed('EXDEV');
    return from.branch.filesystem.rename(from.inner, fromName, to.inner, toName);
  }

  readdir(dir: FileNode, cookie: bigint, max: number): FsResult<DirectoryPage> {
    const at = inBranch(dir);
    return at === null
      ? this.#root.readdir(cookie, max)
      : at.branch.filesystem.readdir(at.inner, cookie, max);
  }

  dropIdle(): void {
    for (const { filesystem } of this.#byName.values()) filesystem.dropIdle();
  }
}

function wrapped(branch: Branch, found: FsResult<FileNode>): FsResult<FileNode> {
  return found.ok ? { ok: true, value: branch.nodeOf(found.value) } : found;
}

function make(
  dir: FileNode,
  create: (filesystem: Filesystem, dir: FileNode) => FsResult<Created>,
): FsResult<Created> {
  const at = inBranch(dir);
  if (at === null) return READ_ONLY;
  const made = create(at.branch.filesystem, at.inner);
  if (!made.ok) return made;
  return { ok: true, value: { ...made.value, node: at.branch.nodeOf(made.value.node) } };
}

const fsidText = ({ major, minor }: FsAttributes['fsid']): string => `${major}:${minor}`;
