/** One node's mount of a simulated shared filesystem. What it promises is in server/filesystem/types.ts; files and locks are shared by all mounts. */
import { allowedByMode } from '../../server/filesystem/mode-bits.ts';
import { checkName, checkTarget } from '../../server/filesystem/names.ts';
import type { LockableFiles } from '../../server/filesystem/range-locks.ts';
import { DONE, type Errno, type FsResult, failed } from '../../server/filesystem/result.ts';
import type {
  Created,
  CreateHow,
  Credentials,
  DirectoryChange,
  DirectoryPage,
  ExtendedAttributes,
  FileExtents,
  FileNode,
  Filesystem,
  FsAttributes,
  FsSpace,
  InitialAttributes,
  Permissions,
  SetAttributesOutcome,
  SettableAttributes,
} from '../../server/filesystem/types.ts';
import type { Kernel } from '../machine/kernel.ts';
import type { SimProcess } from '../machine/process.ts';
import type { Inode, Tree } from './tree.ts';

const HANDLE_BYTES = 12;
const ID_AT = 8;
/** Of READDIR: smaller ones mean something else (RFC 8881 section 18.23.3). */
const FIRST_COOKIE = 3n;
const BLOCK_BYTES = 4096n;
const MAX_BYTES = 1n << 30n;
const SPACE: FsSpace = {
  bytesTotal: 1n << 40n,
  bytesFree: 1n << 39n,
  bytesAvailable: 1n << 39n,
  filesTotal: 1n << 20n,
  filesFree: 1n << 19n,
  filesAvailable: 1n << 19n,
};

interface SimNode extends FileNode {
  readonly id: number;
}

/** What a filesystem may lack (RFC 7862, RFC 8276), this one does. */
const unsupported = <T>(): FsResult<T> => failed('EOPNOTSUPP');
const NO_EXTENTS: FileExtents = {
  seek: unsupported,
  allocate: unsupported,
  deallocate: unsupported,
  copy: unsupported,
  clone: unsupported,
};
const NO_XATTRS: ExtendedAttributes = {
  supported: () => false,
  get: unsupported,
  set: unsupported,
  remove: unsupported,
  list: unsupported,
  inheritsAccessList: () => false,
};

const good = <T>(value: T): FsResult<T> => ({ ok: true, value });

export class SimFilesystem implements Filesystem, LockableFiles {
  readonly cookieVerifier: Buffer;
  readonly #fsid: FsAttributes['fsid'];
  readonly extents = NO_EXTENTS;
  readonly xattrs = NO_XATTRS;
  readonly #tree: Tree;
  readonly #kernel: Kernel;
  readonly #process: SimProcess;
  /** What the kernel calls the files of this filesystem. */
  readonly #name: string;
  readonly #nodes = new Map<number, SimNode>();
  readonly #handles = new Map<number, Buffer>();
  /** Descriptors without locks, by file. */
  readonly #shared = new Map<number, number>();

  constructor(
    tree: Tree,
    { name, key }: { readonly name: string; readonly key: Buffer },
    kernel: Kernel,
    process: SimProcess,
  ) {
    this.cookieVerifier = Buffer.from(key.subarray(0, 8));
    this.#fsid = { major: key.readBigUInt64BE(8), minor: key.readBigUInt64BE(16) };
    this.#tree = tree;
    this.#name = name;
    this.#kernel = kernel;
    this.#process = process;
  }

  root(): FileNode {
    return this.#nodeOf(this.#tree.root);
  }

  fromHandle(handle: Buffer): FsResult<FileNode> {
    if (handle.length !== HANDLE_BYTES) return failed('EBADHANDLE');
    const inode = this.#tree.byId(handle.readUInt32BE(ID_AT));
    return inode === undefined ? failed('ESTALE') : good(this.#nodeOf(inode));
  }

  handleOf(node: FileNode): Buffer {
    const { id } = node as SimNode;
    let handle = this.#handles.get(id);
    if (handle === undefined) {
      handle = Buffer.alloc(HANDLE_BYTES, 'gracesim');
      handle.writeUInt32BE(id, ID_AT);
      this.#handles.set(id, handle);
    }
    return handle;
  }

  lookup(dir: FileNode, name: string): FsResult<FileNode> {
    return this.#inDirectory(dir, name, (directory) => {
      const inode = directory.entries.get(name);
      return inode === undefined ? failed('ENOENT') : good(this.#nodeOf(inode));
    });
  }

  parent(dir: FileNode): FsResult<FileNode> {
    return this.#with(dir, (inode) => {
      if (inode.type !== 'directory') return failed('ENOTDIR');
      return inode.parent === null ? failed('ENOENT') : good(this.#nodeOf(inode.parent));
    });
  }

  attributes(node: FileNode): FsResult<FsAttributes> {
    return this.#with(node, (inode) => good(attributesOf(inode, this.#fsid)));
  }

  setAttributes(node: FileNode, attributes: SettableAttributes): SetAttributesOutcome {
    const set = this.#with(node, (inode) => {
      if ((attributes.size ?? 0n) > MAX_BYTES) return failed('EFBIG');
      if (this.#process.acts) this.#tree.set(inode, attributes);
      return DONE;
    });
    if (!set.ok) return { applied: [], errno: set.errno };
    return { applied: Object.keys(attributes) as (keyof SettableAttributes)[], errno: null };
  }

  permissions(node: FileNode, who: Credentials): FsResult<Permissions> {
    return this.#with(node, (inode) => good(allowedByMode(inode, who)));
  }

  space(): FsResult<FsSpace> {
    return good(SPACE);
  }

  open(node: FileNode): FsResult<void> {
    return this.#withFile(node, () => DONE);
  }

  close(): void {}

  read(node: FileNode, offset: bigint, count: number) {
    return this.#withFile(node, ({ data }) => {
      const start = offset > BigInt(data.length) ? data.length : Number(offset);
      const end = Math.min(data.length, start + count);
      return good({ data: Buffer.from(data.subarray(start, end)), eof: end === data.length });
    });
  }

  write(node: FileNode, offset: bigint, data: Buffer): FsResult<{ readonly count: number }> {
    return this.#withFile(node, (inode) => {
      if (offset + BigInt(data.length) > MAX_BYTES) return failed('EFBIG');
      if (this.#process.acts) this.#tree.write(inode, Number(offset), data);
      return good({ count: data.length });
    });
  }

  commit(node: FileNode): FsResult<void> {
    return this.#withFile(node, () => DONE);
  }

  create(dir: FileNode, name: string, how: CreateHow): FsResult<Created> {
    return this.#inDirectory(dir, name, (directory) => {
      const there = directory.entries.get(name);
      if (there === undefined) {
        const verifier = how.kind === 'exclusive' ? Buffer.from(how.verifier) : null;
        return this.#made(directory, name, () => {
          const inode = this.#tree.make('regular', how.attributes ?? {});
          inode.verifier = verifier;
          return inode;
        });
      }
      const again = how.kind === 'exclusive' && there.verifier?.equals(how.verifier) === true;
      if (how.kind !== 'unchecked' && !again) return failed('EEXIST');
      const { change } = directory;
      return good({
        node: this.#nodeOf(there),
        created: false,
        directory: { before: change, after: change },
      });
    });
  }

  makeDirectory(dir: FileNode, name: string, attributes: InitialAttributes = {}): FsResult<Created> {
    return this.#new(dir, name, () => this.#tree.make('directory', attributes));
  }

  makeSymlink(
    dir: FileNode,
    name: string,
    target: string,
    attributes: InitialAttributes = {},
  ): FsResult<Created> {
    const checked = checkTarget(target);
    if (!checked.ok) return checked;
    return this.#new(dir, name, () => this.#tree.make('symlink', attributes, target));
  }

  makeSpecial(
    dir: FileNode,
    name: string,
    type: 'fifo' | 'socket' | 'block' | 'character',
    _device: object,
    attributes: InitialAttributes = {},
  ): FsResult<Created> {
    return this.#new(dir, name, () => this.#tree.make(type, attributes));
  }

  link(node: FileNode, dir: FileNode, name: string): FsResult<DirectoryChange> {
    const made = this.#with(node, (inode) =>
      inode.type === 'directory' ? failed('EPERM') : this.#new(dir, name, () => inode),
    );
    return made.ok ? good(made.value.directory) : made;
  }

  readLink(node: FileNode): FsResult<string> {
    return this.#with(node, ({ type, target }) => (type === 'symlink' ? good(target) : failed('EINVAL')));
  }

  remove(dir: FileNode, name: string): FsResult<DirectoryChange> {
    return this.#inDirectory(dir, name, (directory) => {
      const inode = directory.entries.get(name);
      if (inode === undefined) return failed('ENOENT');
      if (inode.entries.size > 0) return failed('ENOTEMPTY');
      return good(this.#changing(directory, () => this.#tree.detach(directory, name)));
    });
  }

  rename(fromDir: FileNode, fromName: string, toDir: FileNode, toName: string) {
    return this.#inDirectory(fromDir, fromName, (from) =>
      this.#inDirectory(toDir, toName, (to) => {
        const inode = from.entries.get(fromName);
        if (inode === undefined) return failed('ENOENT');
        const there = to.entries.get(toName);
        const same = {
          from: { before: from.change, after: from.change },
          to: { before: to.change, after: to.change },
        };
        if (there === inode) return good(same);
        const refusal = moveRefusal(inode, to) ?? (there === undefined ? null : replaceRefusal(inode, there));
        if (refusal !== null) return failed(refusal);
        if (!this.#process.acts) return good(same);
        this.#tree.detach(to, toName);
        this.#tree.attach(to, toName, inode);
        this.#tree.detach(from, fromName);
        return good({
          from: { before: same.from.before, after: from.change },
          to: { before: same.to.before, after: to.change },
        });
      }),
    );
  }

  readdir(dir: FileNode, cookie: bigint, max: number): FsResult<DirectoryPage> {
    return this.#with(dir, (directory) => {
      if (directory.type !== 'directory') return failed('ENOTDIR');
      const left = [...directory.entries]
        .map(([name, { id }]) => ({ name, cookie: FIRST_COOKIE + BigInt(id), fileid: BigInt(id) }))
        .filter((entry) => entry.cookie > cookie)
        .sort((a, b) => (a.cookie < b.cookie ? -1 : 1));
      return good({ entries: left.slice(0, max), eof: left.length <= max });
    });
  }

  dropIdle(): void {}

  openDescription(node: FileNode, access: 'read' | 'both'): FsResult<number> {
    return this.#withFile(node, ({ id }) =>
      good(this.#kernel.open(this.#kernel.file(`${this.#name}#${id}`), this.#process, access === 'both')),
    );
  }

  sharedDescriptor(node: FileNode): FsResult<number> {
    const { id } = node as SimNode;
    const known = this.#shared.get(id);
    if (known !== undefined) return good(known);
    const opened = this.openDescription(node, 'read');
    if (opened.ok) this.#shared.set(id, opened.value);
    return opened;
  }

  #new(dir: FileNode, name: string, make: () => Inode): FsResult<Created> {
    return this.#inDirectory(dir, name, (directory) =>
      directory.entries.has(name) ? failed('EEXIST') : this.#made(directory, name, make),
    );
  }

  #made(directory: Inode, name: string, make: () => Inode): FsResult<Created> {
    if (!this.#process.acts) return failed('EIO');
    const inode = make();
    const change = this.#changing(directory, () => this.#tree.attach(directory, name, inode));
    return good({ node: this.#nodeOf(inode), created: true, directory: change });
  }

  #changing(directory: Inode, act: () => void): DirectoryChange {
    const before = directory.change;
    if (this.#process.acts) act();
    return { before, after: directory.change };
  }

  #nodeOf({ id, type }: Inode): FileNode {
    let node = this.#nodes.get(id);
    if (node === undefined) {
      node = { key: `i${id}`, type, id };
      this.#nodes.set(id, node);
    }
    return node;
  }

  #with<T>(node: FileNode, act: (inode: Inode) => FsResult<T>): FsResult<T> {
    const inode = this.#tree.byId((node as SimNode).id);
    return inode === undefined ? failed('ESTALE') : act(inode);
  }

  #withFile<T>(node: FileNode, act: (inode: Inode) => FsResult<T>): FsResult<T> {
    return this.#with(node, (inode) => {
      if (inode.type === 'regular') return act(inode);
      return failed(inode.type === 'directory' ? 'EISDIR' : inode.type === 'symlink' ? 'ELOOP' : 'EINVAL');
    });
  }

  #inDirectory<T>(dir: FileNode, name: string, act: (directory: Inode) => FsResult<T>): FsResult<T> {
    const named = checkName(name);
    if (!named.ok) return named;
    return this.#with(dir, (inode) => (inode.type === 'directory' ? act(inode) : failed('ENOTDIR')));
  }
}

/** A directory does not go into itself, nor below itself. */
function moveRefusal(inode: Inode, to: Inode): Errno | null {
  for (let at: Inode | null = to; at !== null; at = at.parent) if (at === inode) return 'EINVAL';
  return null;
}

function replaceRefusal(inode: Inode, there: Inode): Errno | null {
  if (there.type === 'directory' && inode.type !== 'directory') return 'EISDIR';
  if (there.type !== 'directory' && inode.type === 'directory') return 'ENOTDIR';
  return there.entries.size > 0 ? 'ENOTEMPTY' : null;
}

function attributesOf(inode: Inode, fsid: FsAttributes['fsid']): FsAttributes {
  const size = BigInt(inode.data.length);
  return {
    type: inode.type,
    mode: inode.mode,
    links: inode.links + (inode.type === 'directory' ? 1 : 0),
    uid: inode.uid,
    gid: inode.gid,
    size,
    spaceUsed: ((size + BLOCK_BYTES - 1n) / BLOCK_BYTES) * BLOCK_BYTES,
    fileid: BigInt(inode.id),
    fsid,
    change: inode.change,
    accessTime: inode.accessTime,
    modifyTime: inode.modifyTime,
    metadataTime: inode.metadataTime,
    createTime: null,
    device: { major: 0, minor: 0 },
  };
}
